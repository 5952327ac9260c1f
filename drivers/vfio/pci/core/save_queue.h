/* SPDX-License-Identifier: GPL-2.0-only */
/* What a save session has got from the device and read() has not had yet */
#ifndef VFIO_PCI_VARIANT_SAVE_QUEUE_H
#define VFIO_PCI_VARIANT_SAVE_QUEUE_H

#include "progress.h"
#include "session.h"

struct vpv_save {
	struct vpv_session session;
	/* The session began with a device that runs */
	bool runs;

	/* Under session.lock: filled buffers in the order of the stream */
	struct list_head ready;
	unsigned int nr_ready;
	/* Capacity that the backend wants for the next image of the pass, 0 when it wants none */
	size_t next_bytes;
	struct vpv_progress progress;
	/* Of all images that were queued */
	u64 images_bytes;
	/* For what the stream's layout puts behind the last image, until it is queued; or NULL */
	struct vpv_buf *epilogue;
	/* Somebody waits for changes */
	bool awaited;

	/* Under the state mutex: changes are not asked for any more */
	bool untracked;
	/* There is new initial data, and user space is to be told */
	bool reinit;
	/* A final pass was broken */
	bool final_broke;
	/* Capacity of a buffer to be held ready for the final pass, 0 for none, and that buffer */
	size_t reserve_bytes;
	struct vpv_buf *reserve;
};

static_assert(offsetof(struct vpv_save, session) == 0);

static inline struct vpv_save *vpv_save_of(struct vpv_session *session)
{
	return container_of(session, struct vpv_save, session);
}

/* The state mutex is held */
void vpv_save_queue_begin(struct vpv_save *save, const struct vfio_pci_variant_pass *pass,
			  bool is_final, bool is_initial);
void vpv_save_queue_record(struct vpv_save *save, struct vpv_buf *buf);
void vpv_save_queue_post(struct vpv_save *save, struct vpv_buf *buf);
void vpv_save_queue_break(struct vpv_save *save);
void vpv_save_queue_rest(struct vpv_save *save, u64 *initial_bytes, u64 *dirty_bytes);

/* io_mutex is held, but for the last three */
int vpv_save_queue_take_slice(struct vpv_save *save, size_t max_bytes, struct vpv_slice *slice);
void vpv_save_queue_consume(struct vpv_save *save, size_t bytes);
bool vpv_save_queue_is_mute(struct vpv_save *save);
bool vpv_save_queue_is_read(struct vpv_save *save);
bool vpv_save_queue_await(struct vpv_save *save);

#endif /* VFIO_PCI_VARIANT_SAVE_QUEUE_H */
