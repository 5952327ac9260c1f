/* SPDX-License-Identifier: GPL-2.0-only */
/* A save session: from the device through buffers to user space */
#ifndef VFIO_PCI_VARIANT_SAVE_H
#define VFIO_PCI_VARIANT_SAVE_H

#include "session.h"

/*
 * What user space is told while the device runs. Initial data should be read before the device
 * is frozen; @reinit says, once, that there is initial data anew. @has_flags: user space has
 * asked to be told so.
 */
struct vpv_save_info {
	u64 initial_bytes;
	u64 dirty_bytes;
	bool has_flags;
	bool reinit;
};

/* The state mutex is held */
struct vpv_session *vpv_save_start(struct vfio_pci_variant_mig *mig,
				   enum vfio_pci_variant_save_kind kind);
void vpv_save_prepare_final(struct vpv_session *session);
int vpv_save_finish(struct vpv_session *session);
int vpv_save_precopy_info(struct vpv_session *session, struct vpv_save_info *info);

int vpv_save_rest(struct vpv_session *session, u64 *bytes);
bool vpv_save_poll(struct vpv_session *session);
ssize_t vpv_save_read(struct vpv_session *session, struct iov_iter *to, bool nonblock);

#endif /* VFIO_PCI_VARIANT_SAVE_H */
