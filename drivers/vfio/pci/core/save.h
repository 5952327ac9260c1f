/* SPDX-License-Identifier: GPL-2.0-only */
/* A save session: from the device through buffers to user space */
#ifndef VFIO_PCI_VARIANT_SAVE_H
#define VFIO_PCI_VARIANT_SAVE_H

#include "session.h"

/* The state mutex is held */
struct vpv_session *vpv_save_start(struct vfio_pci_variant_mig *mig);

bool vpv_save_readable(struct vpv_session *session);
ssize_t vpv_save_read(struct vpv_session *session, struct iov_iter *to, bool nonblock);

#endif /* VFIO_PCI_VARIANT_SAVE_H */
