// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is remembered of a device's last migration
 *
 * Whoever migrates adds to it as it goes, whoever is curious reads it at any time: neither
 * waits for the other longer than a number takes.
 */
#include <linux/ktime.h>
#include <linux/string.h>
#include <linux/vfio_pci_variant.h>

#include "stats.h"

void vpv_stats_init(struct vpv_stats *stats)
{
	spin_lock_init(&stats->lock);
}

static struct vpv_stats_record *vpv_stats_current(struct vpv_stats *stats)
{
	lockdep_assert_held(&stats->lock);

	return &stats->records[stats->current_record];
}

/* As the user has it */
static void vpv_stats_note_error(struct vpv_stats_record *record, int error)
{
	if (!record->error)
		record->error = error == -ENOTRECOVERABLE ? EIO : -error;
}

/* Begins a record, in the one that is not shown if the current one is */
static void vpv_stats_begin(struct vpv_stats *stats)
{
	if (stats->current_record == stats->shown_record)
		stats->current_record = !stats->current_record;
	memset(vpv_stats_current(stats), 0, sizeof(struct vpv_stats_record));
}

/* An arc begins in the state @from */
void vpv_stats_leave(struct vpv_stats *stats, u32 from)
{
	unsigned long flags;

	if (from != VFIO_DEVICE_STATE_RUNNING)
		return;

	spin_lock_irqsave(&stats->lock, flags);
	vpv_stats_begin(stats);
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* An arc has ended after @ns. One that failed is to be seen, session or not. */
void vpv_stats_arc(struct vpv_stats *stats, u32 from, u32 to, u64 ns, int error)
{
	struct vpv_stats_record *record;
	unsigned long flags;

	spin_lock_irqsave(&stats->lock, flags);
	record = vpv_stats_current(stats);
	record->arc_ns[from][to] += ns;
	if (error) {
		stats->shown_record = stats->current_record;
		vpv_stats_note_error(record, error);
		if (!record->role)
			record->result = VPV_STATS_FAILED;
	} else if (to == VFIO_DEVICE_STATE_STOP_COPY) {
		record->stop_copy_began_ns = ktime_get_ns();
	}
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* @sides were frozen, or unfrozen, or should have been */
void vpv_stats_turn(struct vpv_stats *stats, unsigned int sides, bool freezes, u64 ns)
{
	bool responder = sides & VFIO_PCI_VARIANT_RESPONDER;
	enum vpv_stats_turn turn;
	unsigned long flags;

	if (freezes)
		turn = responder ? VPV_STATS_FREEZE_RESPONDER : VPV_STATS_FREEZE_INITIATOR;
	else
		turn = responder ? VPV_STATS_UNFREEZE_RESPONDER : VPV_STATS_UNFREEZE_INITIATOR;

	spin_lock_irqsave(&stats->lock, flags);
	vpv_stats_current(stats)->turn_ns[turn] += ns;
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* A session has begun. A second one since the device has run is a migration of its own. */
void vpv_stats_session(struct vpv_stats *stats, enum vpv_stats_role role)
{
	struct vpv_stats_record *record;
	unsigned long flags;

	spin_lock_irqsave(&stats->lock, flags);
	if (vpv_stats_current(stats)->role)
		vpv_stats_begin(stats);
	record = vpv_stats_current(stats);
	record->role = role;
	record->result = VPV_STATS_GOES_ON;
	stats->shown_record = stats->current_record;
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* The session cannot go on, because of @error */
void vpv_stats_fail(struct vpv_stats *stats, int error)
{
	struct vpv_stats_record *record;
	unsigned long flags;

	spin_lock_irqsave(&stats->lock, flags);
	record = vpv_stats_current(stats);
	record->has_failed = true;
	vpv_stats_note_error(record, error);
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* @error: what the session had come to, -ENODEV after a reset */
void vpv_stats_session_end(struct vpv_stats *stats, bool complete, int error)
{
	struct vpv_stats_record *record;
	unsigned long flags;

	spin_lock_irqsave(&stats->lock, flags);
	record = vpv_stats_current(stats);
	if (complete)
		record->result = VPV_STATS_COMPLETE;
	else
		record->result = record->has_failed ? VPV_STATS_FAILED : VPV_STATS_CANCELLED;
	if (!complete && error)
		vpv_stats_note_error(record, error);
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* A pass has begun */
void vpv_stats_pass(struct vpv_stats *stats)
{
	unsigned long flags;

	spin_lock_irqsave(&stats->lock, flags);
	vpv_stats_current(stats)->passes++;
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* The device has filled or taken a buffer, in @ns */
void vpv_stats_image(struct vpv_stats *stats, enum vpv_stats_kind kind, u64 bytes, u64 ns)
{
	struct vpv_stats_images *images;
	unsigned long flags;

	spin_lock_irqsave(&stats->lock, flags);
	images = &vpv_stats_current(stats)->images[kind];
	images->count++;
	images->bytes += bytes;
	images->ns += ns;
	images->last_ns = ns;
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* The reader was told the end of the stream; may be said again and again */
void vpv_stats_stream_end(struct vpv_stats *stats)
{
	struct vpv_stats_record *record;
	unsigned long flags;

	spin_lock_irqsave(&stats->lock, flags);
	record = vpv_stats_current(stats);
	if (record->role == VPV_STATS_SAVE && !record->final_stream_ns)
		record->final_stream_ns = ktime_get_ns() - record->stop_copy_began_ns;
	spin_unlock_irqrestore(&stats->lock, flags);
}

/* The buffers of the session have @bytes more memory, or less. Returns what they have. */
u64 vpv_stats_add_memory(struct vpv_stats *stats, s64 bytes)
{
	struct vpv_stats_record *record;
	unsigned long flags;
	u64 sum;

	spin_lock_irqsave(&stats->lock, flags);
	record = vpv_stats_current(stats);
	stats->memory_bytes += bytes;
	sum = stats->memory_bytes;
	record->peak_bytes = max(record->peak_bytes, sum);
	spin_unlock_irqrestore(&stats->lock, flags);
	return sum;
}

/* A number of the record that is shown: @offset in it */
u64 vpv_stats_read(struct vpv_stats *stats, size_t offset)
{
	const struct vpv_stats_record *record;
	unsigned long flags;
	u64 value;

	spin_lock_irqsave(&stats->lock, flags);
	record = &stats->records[stats->shown_record];
	value = *(const u64 *)((const char *)record + offset);
	spin_unlock_irqrestore(&stats->lock, flags);
	return value;
}
