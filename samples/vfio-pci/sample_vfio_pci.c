// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sample variant of vfio-pci: migration of QEMU's ivshmem-plain
 *
 * The device (docs/specs/ivshmem-spec.rst in QEMU) is memory in BAR 2 that host and guest
 * share. It starts no DMA and raises no interrupt, and its memory changes only when somebody
 * writes there; so freezing it takes nothing, and its state is that memory. (The interrupt
 * registers in BAR 0 do nothing in the plain kind.)
 *
 * The stream is a header and then the memory, in images of SAMPLE_IMAGE_BYTES; the last one
 * may be shorter.
 */
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/vfio_pci_variant.h>
#include <linux/workqueue.h>

#define SAMPLE_BAR		2
#define SAMPLE_IMAGE_BYTES	SZ_1M
#define SAMPLE_MAGIC		0x4d485349	/* "ISHM" */
#define SAMPLE_VERSION		1

struct sample_header {
	__le32 magic;
	__le32 version;
	__le64 memory_bytes;
};

struct sample_device {
	struct vfio_pci_variant variant;
	void __iomem *memory;
	u64 memory_bytes;
	/* The image in flight, and how much of the memory was saved or loaded before it */
	struct work_struct work;
	struct vfio_pci_variant_buf *buf;
	u64 moved_bytes;
	/* How much of the memory the parser has asked for */
	u64 wanted_bytes;
};

static struct sample_device *to_sample(struct vfio_pci_variant *variant)
{
	return container_of(variant, struct sample_device, variant);
}

static void sample_copy(struct sample_device *sample, struct vfio_pci_variant_buf *buf, u64 bytes)
{
	bool saving = buf->dma_dir == DMA_FROM_DEVICE;
	void __iomem *memory = sample->memory + sample->moved_bytes;
	struct sg_mapping_iter miter;

	sg_miter_start(&miter, buf->sgt.sgl, buf->sgt.orig_nents,
		       saving ? SG_MITER_TO_SG : SG_MITER_FROM_SG);
	while (bytes && sg_miter_next(&miter)) {
		size_t len = min_t(u64, bytes, miter.length);

		if (saving)
			memcpy_fromio(miter.addr, memory, len);
		else
			memcpy_toio(memory, miter.addr, len);
		memory += len;
		bytes -= len;
	}
	sg_miter_stop(&miter);
}

static bool sample_memory_is_on(struct pci_dev *pdev)
{
	u16 command = 0;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return pdev->current_state == PCI_D0 && command & PCI_COMMAND_MEMORY;
}

/*
 * Moves one image, unless the user has switched the device's memory off. Nobody waits for this
 * work with memory_lock held: the library ends a session outside of it.
 */
static void sample_work(struct work_struct *work)
{
	struct sample_device *sample = container_of(work, struct sample_device, work);
	struct vfio_pci_core_device *core = &sample->variant.core;
	struct vfio_pci_variant_buf *buf = sample->buf;
	u64 left = sample->memory_bytes - sample->moved_bytes;
	u64 bytes = min_t(u64, left, SAMPLE_IMAGE_BYTES);
	int error = -EIO;

	down_read(&core->memory_lock);
	if (sample_memory_is_on(core->pdev)) {
		sample_copy(sample, buf, bytes);
		sample->moved_bytes += bytes;
		error = 0;
	}
	up_read(&core->memory_lock);

	if (buf->dma_dir == DMA_FROM_DEVICE)
		vfio_pci_variant_save_done(buf, error, bytes,
					   min_t(u64, left - bytes, SAMPLE_IMAGE_BYTES));
	else
		vfio_pci_variant_load_done(buf, error);
}

static int sample_freeze(struct vfio_pci_variant *variant, unsigned int sides)
{
	return 0;
}

static int sample_save_start(struct vfio_pci_variant *variant,
			     enum vfio_pci_variant_save_kind kind,
			     struct vfio_pci_variant_pass *pass)
{
	struct sample_device *sample = to_sample(variant);

	sample->moved_bytes = 0;
	pass->first_bytes = min_t(u64, sample->memory_bytes, SAMPLE_IMAGE_BYTES);
	pass->total_bytes = sample->memory_bytes;
	return 0;
}

static int sample_load_start(struct vfio_pci_variant *variant)
{
	to_sample(variant)->moved_bytes = 0;
	return 0;
}

static int sample_move(struct vfio_pci_variant *variant, struct vfio_pci_variant_buf *buf)
{
	struct sample_device *sample = to_sample(variant);

	sample->buf = buf;
	queue_work(system_unbound_wq, &sample->work);
	return 0;
}

static void sample_load_stop(struct vfio_pci_variant *variant)
{
	cancel_work_sync(&to_sample(variant)->work);
}

static void sample_save_stop(struct vfio_pci_variant *variant, bool complete)
{
	cancel_work_sync(&to_sample(variant)->work);
}

static int sample_bytes_left(struct vfio_pci_variant *variant, u64 *bytes)
{
	*bytes = sizeof(struct sample_header) + to_sample(variant)->memory_bytes;
	return 0;
}

static const struct vfio_pci_variant_mig_ops sample_mig_ops = {
	.freeze = sample_freeze,
	.unfreeze = sample_freeze,
	.save_start = sample_save_start,
	.save_image = sample_move,
	.save_stop = sample_save_stop,
	.load_start = sample_load_start,
	.load_image = sample_move,
	.load_stop = sample_load_stop,
	.bytes_left = sample_bytes_left,
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

static void sample_stream_start(struct vfio_pci_variant *variant)
{
	to_sample(variant)->wanted_bytes = 0;
}

static int sample_check_header(struct sample_device *sample, const u8 *record)
{
	struct sample_header header;

	memcpy(&header, record, sizeof(header));
	if (le32_to_cpu(header.magic) != SAMPLE_MAGIC)
		return -EINVAL;
	if (le32_to_cpu(header.version) != SAMPLE_VERSION ||
	    le64_to_cpu(header.memory_bytes) != sample->memory_bytes)
		return -EOPNOTSUPP;
	return 0;
}

static int sample_load_next(struct vfio_pci_variant *variant, const u8 *record,
			    size_t record_bytes, struct vfio_pci_variant_want *want)
{
	struct sample_device *sample = to_sample(variant);
	u64 left = sample->memory_bytes - sample->wanted_bytes;
	int ret;

	if (record) {
		/* After the last image only a byte that must not come is waited for */
		ret = left ? sample_check_header(sample, record) : -EINVAL;
		if (ret)
			return ret;
	} else if (!sample->wanted_bytes) {
		want->piece = VFIO_PCI_VARIANT_PIECE_RECORD;
		want->bytes = sizeof(struct sample_header);
		return 0;
	}

	want->piece = left ? VFIO_PCI_VARIANT_PIECE_IMAGE : VFIO_PCI_VARIANT_PIECE_RECORD;
	want->bytes = left ? min_t(u64, left, SAMPLE_IMAGE_BYTES) : 1;
	sample->wanted_bytes += left ? want->bytes : 0;
	return 0;
}

static int sample_load_end(struct vfio_pci_variant *variant, u64 rest_bytes)
{
	struct sample_device *sample = to_sample(variant);

	/* The byte that must not come is all that is missing */
	return sample->wanted_bytes == sample->memory_bytes && rest_bytes == 1 &&
	       sample->moved_bytes == sample->memory_bytes ? 0 : -EINVAL;
}

static const struct vfio_pci_variant_stream_ops sample_stream_ops = {
	.save_prologue = sample_save_prologue,
	.load_start = sample_stream_start,
	.load_next = sample_load_next,
	.load_end = sample_load_end,
};

static int sample_init(struct vfio_pci_variant *variant)
{
	struct sample_device *sample = to_sample(variant);
	struct pci_dev *pdev = variant->core.pdev;

	INIT_WORK(&sample->work, sample_work);
	sample->memory_bytes = pci_resource_len(pdev, SAMPLE_BAR);
	sample->memory = pci_iomap(pdev, SAMPLE_BAR, 0);
	if (!sample->memory) {
		pci_info(pdev, "no migration: BAR %u has no memory\n", SAMPLE_BAR);
		return 0;
	}

	variant->migration_flags = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P;
	return 0;
}

static void sample_release(struct vfio_pci_variant *variant)
{
	struct sample_device *sample = to_sample(variant);

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
