/* SPDX-License-Identifier: GPL-2.0-only */
/* What is remembered of a device's last migration, for people */
#ifndef VFIO_PCI_VARIANT_STATS_H
#define VFIO_PCI_VARIANT_STATS_H

#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>

#define VPV_STATS_STATES (VFIO_DEVICE_STATE_PRE_COPY_P2P + 1)

enum vpv_stats_role {
	VPV_STATS_NONE,
	VPV_STATS_SAVE,
	VPV_STATS_LOAD,
};

enum vpv_stats_result {
	/* There was no session */
	VPV_STATS_NEVER,
	VPV_STATS_GOES_ON,
	/* The whole stream was read, or has become the device's state */
	VPV_STATS_COMPLETE,
	/* It was ended before that: by the user, a reset, a device that went away */
	VPV_STATS_CANCELLED,
	VPV_STATS_FAILED,
};

/* Of a stream that is loaded nothing tells which images are which */
enum vpv_stats_kind {
	VPV_STATS_INITIAL,
	VPV_STATS_DIRTY,
	VPV_STATS_FINAL,
	VPV_STATS_LOADED,
	VPV_STATS_KINDS
};

/* @ns: how long the device had buffers for them; @last_ns: for the last one */
struct vpv_stats_images {
	u64 count;
	u64 bytes;
	u64 ns;
	u64 last_ns;
};

/* Sides that are frozen in one call count as the responder, which is the last of them */
enum vpv_stats_turn {
	VPV_STATS_FREEZE_INITIATOR,
	VPV_STATS_FREEZE_RESPONDER,
	VPV_STATS_UNFREEZE_RESPONDER,
	VPV_STATS_UNFREEZE_INITIATOR,
	VPV_STATS_TURNS
};

/* All numbers are u64, as vpv_stats_read() wants them */
struct vpv_stats_record {
	u64 role;
	u64 result;
	/* The first errno of an arc or of the session, positive */
	u64 error;
	/* The session has come to an error of its own */
	u64 has_failed;
	u64 passes;
	u64 peak_bytes;
	/* When STOP_COPY was entered, and how long after that the stream's end was read */
	u64 stop_copy_began_ns;
	u64 final_stream_ns;
	u64 turn_ns[VPV_STATS_TURNS];
	struct vpv_stats_images images[VPV_STATS_KINDS];
	u64 arc_ns[VPV_STATS_STATES][VPV_STATS_STATES];
};

/*
 * A migration begins when the device leaves RUNNING, with the arcs to the state in which its
 * session begins. A guest that is merely paused and goes on has no session, so what is shown
 * stays: hence two records.
 */
struct vpv_stats {
	/* Guards what follows it; innermost, taken in interrupts too, for moments only */
	spinlock_t lock;
	struct vpv_stats_record records[2];
	/* The one that is written, and the one that is shown: an index each */
	unsigned int current_record;
	unsigned int shown_record;
	/* Memory of the session's buffers */
	u64 memory_bytes;
};

void vpv_stats_init(struct vpv_stats *stats);
void vpv_stats_leave(struct vpv_stats *stats, u32 from);
void vpv_stats_arc(struct vpv_stats *stats, u32 from, u32 to, u64 ns, int error);
void vpv_stats_turn(struct vpv_stats *stats, unsigned int sides, bool freezes, u64 ns);
void vpv_stats_session(struct vpv_stats *stats, enum vpv_stats_role role);
void vpv_stats_fail(struct vpv_stats *stats, int error);
void vpv_stats_session_end(struct vpv_stats *stats, bool complete, int error);
void vpv_stats_pass(struct vpv_stats *stats);
void vpv_stats_image(struct vpv_stats *stats, enum vpv_stats_kind kind, u64 bytes, u64 ns);
void vpv_stats_stream_end(struct vpv_stats *stats);
u64 vpv_stats_add_memory(struct vpv_stats *stats, s64 bytes);
u64 vpv_stats_read(struct vpv_stats *stats, size_t offset);

#endif /* VFIO_PCI_VARIANT_STATS_H */
