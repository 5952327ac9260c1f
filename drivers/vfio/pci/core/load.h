/* SPDX-License-Identifier: GPL-2.0-only */
/* A load session: from user space through buffers to the device */
#ifndef VFIO_PCI_VARIANT_LOAD_H
#define VFIO_PCI_VARIANT_LOAD_H

#include "session.h"

/* The state mutex is held */
struct vpv_session *vpv_load_start(struct vfio_pci_variant_mig *mig);
int vpv_load_finish(struct vfio_pci_variant_mig *mig);

bool vpv_load_writable(struct vpv_session *session);
ssize_t vpv_load_write(struct vpv_session *session, struct iov_iter *from, bool nonblock);

#endif /* VFIO_PCI_VARIANT_LOAD_H */
