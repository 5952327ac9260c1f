// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sample variant of vfio-pci: migration of QEMU's ivshmem-plain
 *
 * The device (docs/specs/ivshmem-spec.rst in QEMU) is memory in BAR 2 that host and guest
 * share. It starts no DMA and raises no interrupt, and its memory changes only when somebody
 * writes there; so freezing it takes nothing, and its state is that memory. (The interrupt
 * registers in BAR 0 do nothing in the plain kind.)
 *
 * Nothing tells what of the memory changes. While the device is saved running, a shadow holds
 * what was saved, and changes are found by comparing with it.
 *
 * The stream is a header, and then images, which are runs of the memory's blocks. Each has a
 * record before it that says where it belongs; that of the last one says that, too.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/vfio_pci_variant.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "away.h"
#include "pages.h"

#define SAMPLE_BAR		2
#define SAMPLE_BLOCK_BYTES	SZ_4K
#define SAMPLE_IMAGE_BYTES	SZ_1M
#define SAMPLE_MAGIC		0x4d485349	/* "ISHM" */
#define SAMPLE_VERSION		2

struct sample_header {
	__le32 magic;
	__le32 version;
	__le64 memory_bytes;
};

/* Before each image. No other bits of flags, and they are refused. */
struct sample_record {
	__le64 offset;
	__le32 image_bytes;
	__le32 flags;
};

#define SAMPLE_RECORD_LAST	BIT(0)

/* For tests: what a device that tracks its changes in hardware may come to */
enum sample_lose_track {
	SAMPLE_LOSE_TRACK_NEVER,
	/* In a pass of changes, and the whole state can be saved and tracked anew */
	SAMPLE_LOSE_TRACK_ONCE,
	/* In a pass of changes, for as long as the session lasts */
	SAMPLE_LOSE_TRACK_FOR_GOOD,
	/* In the final pass */
	SAMPLE_LOSE_TRACK_AT_LAST,
};

static unsigned int lose_track;
module_param(lose_track, uint, 0644);
MODULE_PARM_DESC(lose_track, "For tests, track of changes gets lost: 0 never, 1 once, 2 for good, 3 in the final pass");

/* For tests of what is done for the final pass while the device runs, and of what that costs */
static bool fail_prepare;
module_param(fail_prepare, bool, 0644);
MODULE_PARM_DESC(fail_prepare, "For tests, buffers cannot be prepared for the final pass");

static unsigned int reserve_mib = SAMPLE_IMAGE_BYTES / SZ_1M;
module_param(reserve_mib, uint, 0644);
MODULE_PARM_DESC(reserve_mib, "For tests, size of the buffer that is held ready for the final pass");

/* For tests of a walk that ends midway */
static bool fail_stop;
module_param(fail_stop, bool, 0644);
MODULE_PARM_DESC(fail_stop, "For tests, a device cannot be frozen that starts no DMA any more");

static unsigned int nr_prepared;
module_param(nr_prepared, uint, 0644);
MODULE_PARM_DESC(nr_prepared, "Buffers that were prepared while their device ran");

static unsigned int nr_mapped_late;
module_param(nr_mapped_late, uint, 0644);
MODULE_PARM_DESC(nr_mapped_late, "Buffers to save to that were mapped while their device was frozen");

/* Neighbouring blocks, at most SAMPLE_IMAGE_BYTES; none when bytes is 0 */
struct sample_run {
	u64 offset;
	u64 bytes;
};

struct sample_device {
	struct vfio_pci_variant variant;
	void __iomem *memory;
	u64 memory_bytes;
	/* Sides that are frozen, though there is nothing that this would stop */
	unsigned int frozen;
	/* What it would have written to if it did */
	struct sample_pages pages;
	struct sample_away away;

	/* The image in flight, or the next one, and what of the memory it is */
	struct work_struct work;
	struct vfio_pci_variant_buf *buf;
	struct sample_run run;

	/* The image that was saved last, for its record */
	struct sample_run saved;
	bool saved_is_last;

	/* The pass has all of the memory; it is the last one of the stream */
	bool whole;
	bool final;
	/* Of a running device that is saved: what was saved of its memory */
	u8 *shadow;
	/* The shadow is complete, so that changes can be told; that was lost once */
	bool tracked;
	bool lost;

	/* Of a stream that is loaded: the record that came last, and what has been covered */
	bool has_header;
	bool wants_record;
	struct sample_run loaded;
	bool loaded_is_last;
	u64 covered_bytes;
};

static struct sample_device *to_sample(struct vfio_pci_variant *variant)
{
	return container_of(variant, struct sample_device, variant);
}

/*
 * False when the user has switched the device's memory off. Nobody who has memory_lock waits
 * for what is done here: the library ends a session outside of it.
 */
static bool sample_lock_memory(struct sample_device *sample)
{
	struct pci_dev *pdev = sample->variant.core.pdev;
	u16 command = 0;

	down_read(&sample->variant.core.memory_lock);
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (pdev->current_state == PCI_D0 && command & PCI_COMMAND_MEMORY)
		return true;

	up_read(&sample->variant.core.memory_lock);
	return false;
}

static void sample_unlock_memory(struct sample_device *sample)
{
	up_read(&sample->variant.core.memory_lock);
}

/* In the final pass the last block is always there, as somewhere the stream has to end */
static bool sample_block_is_due(struct sample_device *sample, u64 offset)
{
	u64 words[32];
	unsigned int i;

	if (sample->whole || (sample->final && offset + SAMPLE_BLOCK_BYTES == sample->memory_bytes))
		return true;

	for (i = 0; i < SAMPLE_BLOCK_BYTES; i += sizeof(words)) {
		memcpy_fromio(words, sample->memory + offset + i, sizeof(words));
		if (memcmp(words, sample->shadow + offset + i, sizeof(words)))
			return true;
	}
	return false;
}

/* The first run at @offset or behind it that the pass has to save */
static struct sample_run sample_find_run(struct sample_device *sample, u64 offset)
{
	struct sample_run run = {};

	while (offset < sample->memory_bytes && !sample_block_is_due(sample, offset))
		offset += SAMPLE_BLOCK_BYTES;

	run.offset = offset;
	while (offset < sample->memory_bytes && run.bytes < SAMPLE_IMAGE_BYTES &&
	       sample_block_is_due(sample, offset)) {
		offset += SAMPLE_BLOCK_BYTES;
		run.bytes += SAMPLE_BLOCK_BYTES;
	}
	return run;
}

/* Describes the pass that begins with sample->run */
static void sample_describe(struct sample_device *sample, struct vfio_pci_variant_pass *pass)
{
	struct sample_run run = sample->run;

	pass->first_bytes = run.bytes;
	for (; run.bytes; run = sample_find_run(sample, run.offset + run.bytes))
		pass->total_bytes += run.bytes;
}

static void sample_copy(struct sample_device *sample)
{
	struct vfio_pci_variant_buf *buf = sample->buf;
	bool saving = buf->dma_dir == DMA_FROM_DEVICE;
	u64 offset = sample->run.offset;
	u64 bytes = sample->run.bytes;

	if (saving)
		memcpy_fromio(buf->priv, sample->memory + offset, bytes);
	else
		memcpy_toio(sample->memory + offset, buf->priv, bytes);
	if (saving && sample->shadow)
		memcpy(sample->shadow + offset, buf->priv, bytes);
}

/* What a test wants to be lost is lost with the first image of a pass of changes */
static bool sample_loses_track(struct sample_device *sample)
{
	bool in_final = lose_track == SAMPLE_LOSE_TRACK_AT_LAST;

	if (!lose_track || sample->lost || sample->whole || sample->final != in_final)
		return false;

	sample->lost = true;
	sample->tracked = false;
	return true;
}

/* Saves the run, and looks for the next one */
static int sample_save(struct sample_device *sample)
{
	if (sample_loses_track(sample))
		return -ESTALE;
	if (!sample_lock_memory(sample))
		return -EIO;

	sample_copy(sample);
	sample->saved = sample->run;
	sample->run = sample_find_run(sample, sample->run.offset + sample->run.bytes);
	sample_unlock_memory(sample);

	sample->saved_is_last = sample->final && !sample->run.bytes;
	if (sample->whole && sample->shadow && !sample->run.bytes) {
		sample->tracked = true;
		sample->whole = false;
	}
	return 0;
}

static int sample_load(struct sample_device *sample)
{
	if (!sample_lock_memory(sample))
		return -EIO;

	sample_copy(sample);
	sample_unlock_memory(sample);
	return 0;
}

/* Moves one image */
static void sample_work(struct work_struct *work)
{
	struct sample_device *sample = container_of(work, struct sample_device, work);
	struct vfio_pci_variant_buf *buf = sample->buf;
	int error;

	if (buf->dma_dir == DMA_FROM_DEVICE) {
		error = sample_save(sample);
		vfio_pci_variant_save_done(buf, error, error ? 0 : sample->saved.bytes,
					   error ? 0 : sample->run.bytes);
	} else {
		vfio_pci_variant_load_done(buf, sample_load(sample));
	}
}

static int sample_freeze(struct vfio_pci_variant *variant, unsigned int sides)
{
	if (fail_stop && sides & VFIO_PCI_VARIANT_RESPONDER)
		return -EIO;
	to_sample(variant)->frozen |= sides;
	sample_pages_freeze(&to_sample(variant)->pages);
	return 0;
}

static int sample_unfreeze(struct vfio_pci_variant *variant, unsigned int sides)
{
	to_sample(variant)->frozen &= ~sides;
	return 0;
}

static int sample_reset_done(struct vfio_pci_variant *variant, bool raced)
{
	to_sample(variant)->frozen = 0;
	sample_pages_reset(&to_sample(variant)->pages);
	return 0;
}

/* One range from address 0 on is all that there is a tracker for */
static int sample_track_start(struct vfio_pci_variant *variant,
			      const struct vfio_pci_variant_range *ranges,
			      unsigned int nr_ranges, u64 page_bytes)
{
	if (nr_ranges != 1 || ranges->start || page_bytes != PAGE_SIZE)
		return -EOPNOTSUPP;
	return sample_pages_start(&to_sample(variant)->pages, ranges->bytes);
}

static int sample_track_report(struct vfio_pci_variant *variant, u64 start, u64 bytes,
			       vfio_pci_variant_dirty_fn dirty, void *priv)
{
	return sample_pages_report(&to_sample(variant)->pages, start, bytes, dirty, priv);
}

static void sample_track_stop(struct vfio_pci_variant *variant)
{
	sample_pages_stop(&to_sample(variant)->pages);
}

/* The copies want the pages of a buffer side by side: what other devices have DMA mappings for */
static int sample_map(struct vfio_pci_variant_buf *buf)
{
	unsigned int nr_pages = buf->capacity_bytes >> PAGE_SHIFT;
	struct sg_page_iter iter;
	struct page **pages;
	unsigned int i = 0;

	if (buf->priv)
		return 0;

	pages = kvcalloc(nr_pages, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!pages)
		return -ENOMEM;

	for_each_sgtable_page(&buf->sgt, &iter, 0)
		pages[i++] = sg_page_iter_page(&iter);
	buf->priv = vmap(pages, nr_pages, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	return buf->priv ? 0 : -ENOMEM;
}

static int sample_prepare_buf(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	int ret = fail_prepare ? -ENOMEM : sample_map(buf);

	if (!ret && !to_sample(variant)->frozen)
		nr_prepared++;
	return ret;
}

static bool sample_buf_release(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	vunmap(buf->priv);
	return true;
}

static void sample_begin_whole(struct sample_device *sample)
{
	sample->whole = true;
	sample->run = sample_find_run(sample, 0);
}

static int sample_save_start(struct vfio_pci_variant *variant,
			     enum vfio_pci_variant_save_kind kind,
			     struct vfio_pci_variant_pass *pass)
{
	struct sample_device *sample = to_sample(variant);

	sample->final = kind == VFIO_PCI_VARIANT_SAVE_STOPPED;
	sample->tracked = false;
	sample->lost = false;
	if (!sample->final) {
		sample->shadow = __vmalloc(sample->memory_bytes, GFP_KERNEL_ACCOUNT);
		if (!sample->shadow)
			return -ENOMEM;
		pass->reserve_bytes = (size_t)reserve_mib * SZ_1M;
	}
	sample_begin_whole(sample);
	sample_describe(sample, pass);
	return 0;
}

/* In the midst of a pass of changes nothing is lost: what is missing is still different */
static int sample_begin_changes(struct sample_device *sample, struct vfio_pci_variant_pass *pass)
{
	if (!sample_lock_memory(sample))
		return -EIO;

	sample->whole = false;
	sample->run = sample_find_run(sample, 0);
	sample_describe(sample, pass);
	sample_unlock_memory(sample);
	return 0;
}

static int sample_save_changes(struct vfio_pci_variant *variant,
			       struct vfio_pci_variant_pass *pass)
{
	struct sample_device *sample = to_sample(variant);

	if (sample->tracked)
		return sample_begin_changes(sample, pass);
	if (lose_track == SAMPLE_LOSE_TRACK_FOR_GOOD)
		return -ESTALE;

	sample_begin_whole(sample);
	sample_describe(sample, pass);
	pass->is_initial = true;
	return 0;
}

static int sample_save_final(struct vfio_pci_variant *variant,
			     struct vfio_pci_variant_pass *pass)
{
	struct sample_device *sample = to_sample(variant);
	int ret = 0;

	sample->final = true;
	if (sample->tracked) {
		ret = sample_begin_changes(sample, pass);
	} else {
		sample_begin_whole(sample);
		sample_describe(sample, pass);
	}
	if (ret)
		sample->final = false;
	return ret;
}

static int sample_move(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	struct sample_device *sample = to_sample(variant);
	bool is_late = buf->dma_dir == DMA_FROM_DEVICE && sample->frozen && !buf->priv;
	int ret;

	ret = sample_map(buf);
	if (ret)
		return ret;
	if (is_late)
		nr_mapped_late++;
	sample->buf = buf;
	queue_work(system_unbound_wq, &sample->work);
	return 0;
}

static void sample_save_stop(struct vfio_pci_variant *variant, bool complete)
{
	struct sample_device *sample = to_sample(variant);

	cancel_work_sync(&sample->work);
	vfree(sample->shadow);
	sample->shadow = NULL;
	sample->tracked = false;
}

static int sample_load_start(struct vfio_pci_variant *variant)
{
	return 0;
}

/* Its record is the parser's latest, as images come one at a time */
static int sample_load_image(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	struct sample_device *sample = to_sample(variant);

	sample->run = sample->loaded;
	return sample_move(variant, buf);
}

static void sample_load_stop(struct vfio_pci_variant *variant)
{
	cancel_work_sync(&to_sample(variant)->work);
}

/* As if each block were an image */
static int sample_bytes_left(struct vfio_pci_variant *variant, u64 *bytes)
{
	struct sample_device *sample = to_sample(variant);
	u64 state_bytes = sample->memory_bytes;
	u64 offset;

	if (sample->tracked && sample_lock_memory(sample)) {
		for (offset = 0; offset < sample->memory_bytes; offset += SAMPLE_BLOCK_BYTES)
			if (!sample_block_is_due(sample, offset))
				state_bytes -= SAMPLE_BLOCK_BYTES;
		sample_unlock_memory(sample);
	}
	*bytes = sizeof(struct sample_header) + state_bytes +
		 state_bytes / SAMPLE_BLOCK_BYTES * sizeof(struct sample_record);
	return 0;
}

static const struct vfio_pci_variant_mig_ops sample_mig_ops = {
	.freeze = sample_freeze,
	.unfreeze = sample_unfreeze,
	.save_start = sample_save_start,
	.save_image = sample_move,
	.save_changes = sample_save_changes,
	.save_final = sample_save_final,
	.save_stop = sample_save_stop,
	.load_start = sample_load_start,
	.load_image = sample_load_image,
	.load_stop = sample_load_stop,
	.prepare_buf = sample_prepare_buf,
	.buf_release = sample_buf_release,
	.bytes_left = sample_bytes_left,
	.track_start = sample_track_start,
	.track_report = sample_track_report,
	.track_stop = sample_track_stop,
	.reset_done = sample_reset_done,
};

static size_t sample_save_prologue(struct vfio_pci_variant *variant, size_t first_bytes, u8 *out)
{
	struct sample_header header = {
		.magic = cpu_to_le32(SAMPLE_MAGIC),
		.version = cpu_to_le32(SAMPLE_VERSION),
		.memory_bytes = cpu_to_le64(to_sample(variant)->memory_bytes),
	};

	memcpy(out, &header, sizeof(header));
	return sizeof(header);
}

static size_t sample_save_record(struct vfio_pci_variant *variant, size_t image_bytes, u8 *out)
{
	struct sample_device *sample = to_sample(variant);
	struct sample_record record = {
		.offset = cpu_to_le64(sample->saved.offset),
		.image_bytes = cpu_to_le32(image_bytes),
		.flags = cpu_to_le32(sample->saved_is_last ? SAMPLE_RECORD_LAST : 0),
	};

	memcpy(out, &record, sizeof(record));
	return sizeof(record);
}

static void sample_stream_start(struct vfio_pci_variant *variant)
{
	struct sample_device *sample = to_sample(variant);

	sample->has_header = false;
	sample->wants_record = false;
	sample->loaded_is_last = false;
	sample->covered_bytes = 0;
}

static int sample_check_header(struct sample_device *sample, const u8 *bytes)
{
	struct sample_header header;

	memcpy(&header, bytes, sizeof(header));
	if (le32_to_cpu(header.magic) != SAMPLE_MAGIC)
		return -EINVAL;
	if (le32_to_cpu(header.version) != SAMPLE_VERSION ||
	    le64_to_cpu(header.memory_bytes) != sample->memory_bytes)
		return -EOPNOTSUPP;
	sample->has_header = true;
	return 0;
}

static int sample_check_record(struct sample_device *sample, const u8 *bytes)
{
	struct sample_run *run = &sample->loaded;
	struct sample_record record;

	memcpy(&record, bytes, sizeof(record));
	run->offset = le64_to_cpu(record.offset);
	run->bytes = le32_to_cpu(record.image_bytes);
	if (!run->bytes || run->bytes > SAMPLE_IMAGE_BYTES || run->offset > sample->memory_bytes ||
	    run->bytes > sample->memory_bytes - run->offset)
		return -EINVAL;
	if (le32_to_cpu(record.flags) & ~SAMPLE_RECORD_LAST)
		return -EOPNOTSUPP;

	sample->loaded_is_last = le32_to_cpu(record.flags) & SAMPLE_RECORD_LAST;
	if (run->offset <= sample->covered_bytes)
		sample->covered_bytes = max(sample->covered_bytes, run->offset + run->bytes);
	return 0;
}

/* After the header and after each image comes a record; after the last image nothing may */
static int sample_load_next(struct vfio_pci_variant *variant, const u8 *record,
			    size_t record_bytes, struct vfio_pci_variant_want *want)
{
	struct sample_device *sample = to_sample(variant);
	int ret;

	want->piece = VFIO_PCI_VARIANT_PIECE_RECORD;
	if (!record && !sample->has_header) {
		want->bytes = sizeof(struct sample_header);
		return 0;
	}
	if (!record || !sample->wants_record) {
		ret = sample->has_header ? 0 : sample_check_header(sample, record);
		if (ret)
			return ret;
		sample->wants_record = true;
		want->bytes = sample->loaded_is_last ? 1 : sizeof(struct sample_record);
		return 0;
	}

	ret = sample->loaded_is_last ? -EINVAL : sample_check_record(sample, record);
	if (ret)
		return ret;
	sample->wants_record = false;
	want->piece = VFIO_PCI_VARIANT_PIECE_IMAGE;
	want->bytes = sample->loaded.bytes;
	want->waits = sample->loaded_is_last;
	return 0;
}

static int sample_load_end(struct vfio_pci_variant *variant, u64 rest_bytes)
{
	struct sample_device *sample = to_sample(variant);

	/* The byte that must not come is all that is missing */
	return sample->wants_record && sample->loaded_is_last && rest_bytes == 1 &&
	       sample->covered_bytes == sample->memory_bytes ? 0 : -EINVAL;
}

static const struct vfio_pci_variant_stream_ops sample_stream_ops = {
	.save_prologue = sample_save_prologue,
	.save_record = sample_save_record,
	.load_start = sample_stream_start,
	.load_next = sample_load_next,
	.load_end = sample_load_end,
};

static int sample_init(struct vfio_pci_variant *variant)
{
	struct sample_device *sample = to_sample(variant);
	struct pci_dev *pdev = variant->core.pdev;

	INIT_WORK(&sample->work, sample_work);
	sample_pages_init(&sample->pages, pci_name(pdev));
	sample_away_init(&sample->away, variant);
	sample->memory_bytes = pci_resource_len(pdev, SAMPLE_BAR);
	sample->memory = pci_iomap(pdev, SAMPLE_BAR, 0);
	if (!sample->memory) {
		pci_info(pdev, "no migration: BAR %u has no memory\n", SAMPLE_BAR);
		return 0;
	}

	variant->migration_flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P |
				   VFIO_MIGRATION_PRE_COPY;
	variant->tracks_pages = true;
	return 0;
}

static void sample_release(struct vfio_pci_variant *variant)
{
	struct sample_device *sample = to_sample(variant);

	sample_away_uninit(&sample->away);
	sample_pages_uninit(&sample->pages);
	if (sample->memory)
		pci_iounmap(variant->core.pdev, sample->memory);
}

static const struct vfio_pci_variant_ops sample_ops = {
	.device_size = sizeof(struct sample_device),
	.init = sample_init,
	.release = sample_release,
	.mig = &sample_mig_ops,
	.stream = &sample_stream_ops,
};

static const struct pci_device_id sample_ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_VENDOR_ID_REDHAT_QUMRANET, 0x1110) },
	{}
};
MODULE_DEVICE_TABLE(pci, sample_ids);

module_vfio_pci_variant(sample_ids, sample_ops);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Sample variant of vfio-pci: migration of QEMU's ivshmem-plain");
