/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How far a save session has come: passes, initial data, what is still to be read. Compiles
 * in user space too.
 */
#ifndef VFIO_PCI_VARIANT_PROGRESS_H
#define VFIO_PCI_VARIANT_PROGRESS_H

#include <linux/types.h>

/* How far the pass has come that images belong to: see struct vfio_pci_variant_pass */
enum vpv_pass_state {
	/* Images of it are to come */
	VPV_PASS_GOES_ON,
	/* All of its images are in the queue, or were read */
	VPV_PASS_DONE,
	/* The rest of it cannot come, as changes were not tracked */
	VPV_PASS_BROKEN,
};

/*
 * Places in the stream are counted in bytes from its beginning. Initial data is what lies
 * before @initial_end, and with @is_initial what the pass is still to yield.
 */
struct vpv_progress {
	enum vpv_pass_state pass;
	/* The last pass: when it is done, the stream has come to its end */
	bool is_final;
	bool is_initial;
	/* Estimate of what the pass is still to yield, 0 if and only if it does not go on */
	u64 pass_bytes;

	u64 queued_end;
	u64 read_end;
	u64 initial_end;
};

void vpv_progress_begin(struct vpv_progress *progress, u64 first_bytes, u64 total_bytes,
			bool is_final, bool is_initial);
void vpv_progress_queue(struct vpv_progress *progress, u64 bytes);
void vpv_progress_land(struct vpv_progress *progress, u64 used_bytes, u64 more_bytes);
void vpv_progress_break(struct vpv_progress *progress);
void vpv_progress_read(struct vpv_progress *progress, u64 bytes);
int vpv_progress_at_end(const struct vpv_progress *progress);
void vpv_progress_rest(const struct vpv_progress *progress, u64 *initial_bytes,
		       u64 *dirty_bytes);

#endif /* VFIO_PCI_VARIANT_PROGRESS_H */
