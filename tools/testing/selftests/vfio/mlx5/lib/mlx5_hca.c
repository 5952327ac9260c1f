// SPDX-License-Identifier: GPL-2.0-only
/*
 * Boot, commands and objects of the very small driver. The command interface
 * is the one of the "ConnectX Programmer's Reference Manual", as the kernel's
 * mlx5_core uses it: a page of 64-byte entries, input and output beyond 16
 * bytes in chains of 512-byte mailboxes.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "migratable.h"
#include "mlx5_hca.h"

#define PAGE_BYTES	4096U

#define CMD_ENTRY_BYTES	64
#define CMD_TYPE_PRM	7
#define CMD_OWNED_BY_HW	0x01
#define CMD_INLINE	16
#define CMD_SLOTS	4

/* Mailboxes start at multiples of 1 KiB; a chain must hold a capability page */
#define MAILBOX_BYTES	512
#define MAILBOX_STRIDE	1024
#define MAILBOXES	9
#define MAILBOX_NEXT	0x230
#define MAILBOX_NUMBER	0x238
#define MAILBOX_TOKEN	0x23d

/* Offsets in an entry */
#define CMD_IN_LEN	0x04
#define CMD_IN_PTR	0x08
#define CMD_IN		0x10
#define CMD_OUT		0x20
#define CMD_OUT_PTR	0x30
#define CMD_OUT_LEN	0x38
#define CMD_TOKEN	0x3c
#define CMD_STATUS	0x3f

/* Doorbells of a UAR page */
#define UAR_EQ_ARM	0x40
#define UAR_EQ_UPDATE	0x48

#define EQE_BYTES	64
#define EQE_TYPE	1
#define EQE_OWNER	63
#define EQ_SIZE		64U

/* The driver's own limit is 60 s; nothing here takes more than a moment. */
#define TIMEOUT_MS	20000

static __u32 bar_read(const struct mlx5_hca *hca, size_t offset)
{
	__u32 *reg = (__u32 *)(hca->bar + offset);

	return be32toh(__atomic_load_n(reg, __ATOMIC_RELAXED));
}

static void bar_write(struct mlx5_hca *hca, size_t offset, __u32 value)
{
	__u32 *reg = (__u32 *)(hca->bar + offset);

	/* What the device will fetch must be in memory first. */
	__sync_synchronize();
	__atomic_store_n(reg, htobe32(value), __ATOMIC_RELAXED);
}

bool is_mlx5(const struct vfio_dev *dev)
{
	static const char end[] = "mlx5_vfio_pci";
	size_t end_len = sizeof(end) - 1, len;
	char driver[64];

	vfio_driver_of(dev->bdf, driver, sizeof(driver));
	len = strlen(driver);
	return len >= end_len && !strcmp(driver + len - end_len, end);
}

const char *open_mlx5(struct vfio_dev *dev, unsigned int index)
{
	const char *skip = open_migratable(dev, index);

	if (skip)
		return skip;
	return is_mlx5(dev) ? NULL : "not an mlx5 function";
}

const char *open_mlx5_pair(struct vfio_dev *src, struct vfio_dev *dst)
{
	return open_mlx5(src, 0) ?: open_mlx5(dst, 1);
}

void mlx5_hca_init(struct mlx5_hca *hca)
{
	*hca = (struct mlx5_hca) {};
	hca->mem = mmap(NULL, MLX5_GUEST_BYTES, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	VFIO_ASSERT(hca->mem != MAP_FAILED, "guest memory");
	/* The command page, and mailboxes for input and output of each slot */
	hca->mem_used = PAGE_BYTES +
			CMD_SLOTS * 2 * MAILBOXES * MAILBOX_STRIDE;
	hca->mem_used = (hca->mem_used + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

void mlx5_hca_uninit(struct mlx5_hca *hca)
{
	mlx5_hca_detach(hca);
	if (hca->mem)
		munmap(hca->mem, MLX5_GUEST_BYTES);
	hca->mem = NULL;
}

void mlx5_hca_attach(struct mlx5_hca *hca, const struct vfio_dev *dev)
{
	mlx5_hca_detach(hca);
	hca->dev = dev;
	vfio_dma_map(dev, hca->mem, MLX5_GUEST_IOVA, MLX5_GUEST_BYTES);
	vfio_dev_enable_dma(dev);
	hca->bar = vfio_region_mmap(dev, VFIO_PCI_BAR0_REGION_INDEX,
				    &hca->bar_bytes);
}

void mlx5_hca_detach(struct mlx5_hca *hca)
{
	if (hca->bar)
		munmap(hca->bar, hca->bar_bytes);
	hca->bar = NULL;
	hca->dev = NULL;
}

void *mlx5_guest_alloc(struct mlx5_hca *hca, size_t bytes)
{
	void *ptr = hca->mem + hca->mem_used;

	bytes = (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
	VFIO_ASSERT(hca->mem_used + bytes <= MLX5_GUEST_BYTES,
		    "guest memory is used up");
	hca->mem_used += bytes;
	return memset(ptr, 0, bytes);
}

__u64 mlx5_guest_iova(const struct mlx5_hca *hca, const void *ptr)
{
	return MLX5_GUEST_IOVA + ((const __u8 *)ptr - hca->mem);
}

static __u8 *cmd_entry(const struct mlx5_hca *hca, unsigned int slot)
{
	VFIO_ASSERT(slot < CMD_SLOTS, "slot %u", slot);
	return hca->mem + slot * CMD_ENTRY_BYTES;
}

static __u8 *mailbox(const struct mlx5_hca *hca, unsigned int slot, bool out,
		     unsigned int number)
{
	return hca->mem + PAGE_BYTES +
	       ((slot * 2 + out) * MAILBOXES + number) * MAILBOX_STRIDE;
}

static unsigned int mailboxes_for(size_t bytes)
{
	if (bytes <= CMD_INLINE)
		return 0;
	return (bytes - CMD_INLINE + MAILBOX_BYTES - 1) / MAILBOX_BYTES;
}

/* Chains @count mailboxes; returns the IOVA of the first, 0 for none. */
static __u64 chain_mailboxes(struct mlx5_hca *hca, unsigned int slot, bool out,
			     unsigned int count)
{
	unsigned int i;

	VFIO_ASSERT(count <= MAILBOXES, "%u mailboxes", count);
	for (i = 0; i < count; i++) {
		__u8 *box = mailbox(hca, slot, out, i);

		memset(box, 0, MAILBOX_STRIDE);
		if (i + 1 < count)
			mlx5_put_be64(box + MAILBOX_NEXT,
				      mlx5_guest_iova(hca, mailbox(hca, slot, out, i + 1)));
		mlx5_put_be32(box + MAILBOX_NUMBER, i);
		box[MAILBOX_TOKEN] = hca->token;
	}
	return count ? mlx5_guest_iova(hca, mailbox(hca, slot, out, 0)) : 0;
}

/* Copies between @buf and the inline bytes, then the mailboxes. */
static void copy_command(const struct mlx5_hca *hca, unsigned int slot,
			 bool out, void *buf, size_t bytes)
{
	__u8 *entry = cmd_entry(hca, slot) + (out ? CMD_OUT : CMD_IN);
	size_t done = 0, len = bytes < CMD_INLINE ? bytes : CMD_INLINE;
	unsigned int i = 0;

	do {
		__u8 *at = (__u8 *)buf + done;

		memcpy(out ? at : entry, out ? entry : at, len);
		done += len;
		entry = mailbox(hca, slot, out, i++);
		len = bytes - done < MAILBOX_BYTES ? bytes - done :
						     MAILBOX_BYTES;
	} while (done < bytes);
}

void mlx5_cmd_post(struct mlx5_hca *hca, unsigned int slot, const void *in,
		   size_t in_bytes, size_t out_bytes)
{
	__u8 *entry = cmd_entry(hca, slot);
	__u64 in_ptr, out_ptr;

	if (!++hca->token)
		hca->token = 1;
	memset(entry, 0, CMD_ENTRY_BYTES);
	in_ptr = chain_mailboxes(hca, slot, false, mailboxes_for(in_bytes));
	out_ptr = chain_mailboxes(hca, slot, true, mailboxes_for(out_bytes));
	copy_command(hca, slot, false, (void *)in, in_bytes);
	entry[0] = CMD_TYPE_PRM;
	mlx5_put_be32(entry + CMD_IN_LEN, in_bytes);
	mlx5_put_be64(entry + CMD_IN_PTR, in_ptr);
	mlx5_put_be64(entry + CMD_OUT_PTR, out_ptr);
	mlx5_put_be32(entry + CMD_OUT_LEN, out_bytes);
	entry[CMD_TOKEN] = hca->token;
	__sync_synchronize();
	entry[CMD_STATUS] = CMD_OWNED_BY_HW;
	bar_write(hca, MLX5_BYTE_OFF(initial_seg, command_doorbell_vector),
		  1U << slot);
}

bool mlx5_cmd_done(const struct mlx5_hca *hca, unsigned int slot)
{
	__u8 *status = cmd_entry(hca, slot) + CMD_STATUS;

	return !(__atomic_load_n(status, __ATOMIC_RELAXED) & CMD_OWNED_BY_HW);
}

int __mlx5_cmd_finish(const struct mlx5_hca *hca, unsigned int slot,
		      void *out, size_t out_bytes)
{
	__u64 start = clock_ns();
	__u8 delivery;

	while (!mlx5_cmd_done(hca, slot))
		if (ms_since(start) > TIMEOUT_MS)
			return -ETIMEDOUT;
	__sync_synchronize();
	delivery = cmd_entry(hca, slot)[CMD_STATUS] >> 1;
	if (delivery)
		return -EIO;
	copy_command(hca, slot, true, out, out_bytes);
	return ((__u8 *)out)[0];
}

/* Takes all events and tells the device, by one of the two doorbells. */
static void ring_eq(struct mlx5_hca *hca, size_t doorbell)
{
	size_t uar = (size_t)hca->uar * PAGE_BYTES;

	while (mlx5_eq_next(hca))
		continue;
	VFIO_ASSERT(uar + doorbell < hca->bar_bytes, "UAR %u", hca->uar);
	bar_write(hca, uar + doorbell,
		  hca->eqn << 24 | (hca->eq_ci & 0xffffff));
}

int __mlx5_cmd(struct mlx5_hca *hca, const void *in, size_t in_bytes,
	       void *out, size_t out_bytes)
{
	int ret;

	mlx5_cmd_post(hca, 0, in, in_bytes, out_bytes);
	ret = __mlx5_cmd_finish(hca, 0, out, out_bytes);
	/* Each command is an event; the queue must not fill up with them. */
	if (hca->cqn)
		ring_eq(hca, UAR_EQ_UPDATE);
	return ret;
}

void mlx5_cmd(struct mlx5_hca *hca, const void *in, size_t in_bytes,
	      void *out, size_t out_bytes)
{
	int ret = __mlx5_cmd(hca, in, in_bytes, out, out_bytes);

	VFIO_ASSERT(!ret, "command 0x%llx: %s 0x%x, syndrome 0x%llx",
		    MLX5_FIELD(in, MLX5_AT(enable_hca_in)->opcode),
		    ret < 0 ? strerror(-ret) : "status", ret < 0 ? 0 : ret,
		    ret < 0 ? 0 : MLX5_FIELD(out, MLX5_AT(enable_hca_out)->syndrome));
}

int __mlx5_cmd_handle(struct mlx5_hca *hca, __u16 opcode, __u32 handle)
{
	__u8 in[MLX5_BYTES(dealloc_pd_in)] = {};
	__u8 out[MLX5_BYTES(dealloc_pd_out)] = {};

	MLX5_SET_FIELD(in, MLX5_AT(dealloc_pd_in)->opcode, opcode);
	MLX5_SET_FIELD(in, MLX5_AT(dealloc_pd_in)->pd, handle);
	return __mlx5_cmd(hca, in, sizeof(in), out, sizeof(out));
}

__u32 mlx5_cmd_alloc(struct mlx5_hca *hca, __u16 opcode)
{
	__u8 in[MLX5_BYTES(alloc_pd_in)] = {};
	__u8 out[MLX5_BYTES(alloc_pd_out)] = {};

	MLX5_SET_FIELD(in, MLX5_AT(alloc_pd_in)->opcode, opcode);
	mlx5_cmd(hca, in, sizeof(in), out, sizeof(out));
	return MLX5_FIELD(out, MLX5_AT(alloc_pd_out)->pd);
}

int __mlx5_cmd_query(struct mlx5_hca *hca, __u16 opcode, __u32 handle,
		     void *out, size_t out_bytes)
{
	__u8 in[MLX5_BYTES(query_cq_in)] = {};

	memset(out, 0, out_bytes);
	MLX5_SET_FIELD(in, MLX5_AT(query_cq_in)->opcode, opcode);
	MLX5_SET_FIELD(in, MLX5_AT(query_cq_in)->cqn, handle);
	return __mlx5_cmd(hca, in, sizeof(in), out, out_bytes);
}

static void wait_initialized(struct mlx5_hca *hca)
{
	__u64 start = clock_ns();
	size_t word = MLX5_BYTE_OFF(initial_seg, initializing);

	while (bar_read(hca, word) >> 31)
		VFIO_ASSERT(ms_since(start) < TIMEOUT_MS, "%s is still initializing",
			    hca->dev->bdf);
}

/* Gives the pages that the function asks for in @phase (boot 1, init 2). */
static void give_pages(struct mlx5_hca *hca, __u16 phase)
{
	__u8 in[MLX5_BYTES(manage_pages_in) + 64 * 8], query_in[16] = {};
	__u8 out[MLX5_BYTES(query_pages_out)] = {};
	unsigned int left, count, i;
	__u32 function;

	MLX5_SET_FIELD(query_in, MLX5_AT(query_pages_in)->opcode,
		       MLX5_CMD_OP_QUERY_PAGES);
	MLX5_SET_FIELD(query_in, MLX5_AT(query_pages_in)->op_mod, phase);
	mlx5_cmd(hca, query_in, sizeof(query_in), out, sizeof(out));
	left = MLX5_FIELD(out, MLX5_AT(query_pages_out)->num_pages);
	function = MLX5_FIELD(out, MLX5_AT(query_pages_out)->function_id);
	for (; left; left -= count) {
		count = left < 64 ? left : 64;
		memset(in, 0, sizeof(in));
		MLX5_SET_FIELD(in, MLX5_AT(manage_pages_in)->opcode,
			       MLX5_CMD_OP_MANAGE_PAGES);
		/* op_mod 1: the driver gives */
		MLX5_SET_FIELD(in, MLX5_AT(manage_pages_in)->op_mod, 1);
		MLX5_SET_FIELD(in, MLX5_AT(manage_pages_in)->function_id, function);
		MLX5_SET_FIELD(in, MLX5_AT(manage_pages_in)->input_num_entries, count);
		for (i = 0; i < count; i++)
			mlx5_put_be64(in + MLX5_BYTES(manage_pages_in) + 8 * i,
				      mlx5_guest_iova(hca, mlx5_guest_alloc(hca, PAGE_BYTES)));
		mlx5_cmd(hca, in, MLX5_BYTES(manage_pages_in) + 8 * count,
			 out, sizeof(out));
	}
}

static void simple_command(struct mlx5_hca *hca, __u16 opcode, size_t in_bytes)
{
	__u8 in[64] = {}, out[16] = {};

	MLX5_SET_FIELD(in, MLX5_AT(enable_hca_in)->opcode, opcode);
	/* In SET_ISSI the word behind the header asks for interface 1. */
	if (opcode == MLX5_CMD_OP_SET_ISSI)
		MLX5_SET_FIELD(in, MLX5_AT(set_issi_in)->current_issi, 1);
	mlx5_cmd(hca, in, in_bytes, out, sizeof(out));
}

void mlx5_hca_boot(struct mlx5_hca *hca)
{
	size_t high = MLX5_BYTE_OFF(initial_seg, cmdq_phy_addr_63_32);
	__u64 cmdq = mlx5_guest_iova(hca, hca->mem);

	wait_initialized(hca);
	VFIO_ASSERT((bar_read(hca, MLX5_BYTE_OFF(initial_seg,
						 cmd_interface_rev)) >> 16) == 5,
		    "command interface revision");
	bar_write(hca, high, cmdq >> 32);
	/* The function takes the address with the write of the low word. */
	bar_write(hca, high + 4, (__u32)cmdq);
	wait_initialized(hca);

	simple_command(hca, MLX5_CMD_OP_ENABLE_HCA, MLX5_BYTES(enable_hca_in));
	simple_command(hca, MLX5_CMD_OP_SET_ISSI, MLX5_BYTES(set_issi_in));
	give_pages(hca, 1);
	give_pages(hca, 2);
	simple_command(hca, MLX5_CMD_OP_INIT_HCA, MLX5_BYTES(init_hca_in));
}

static void make_mkey(struct mlx5_hca *hca)
{
	__u8 in[MLX5_BYTES(create_mkey_in) + 16] = {};
	__u8 out[MLX5_BYTES(create_mkey_out)] = {};
	__u8 *mkc = in + MLX5_BYTE_OFF(create_mkey_in, memory_key_mkey_entry);
	void *page = mlx5_guest_alloc(hca, PAGE_BYTES);

	MLX5_SET_FIELD(in, MLX5_AT(create_mkey_in)->opcode, MLX5_CMD_OP_CREATE_MKEY);
	MLX5_SET_FIELD(in, MLX5_AT(create_mkey_in)->translations_octword_actual_size, 1);
	/* Access mode 1: a table of pages */
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->access_mode_1_0, 1);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->lr, 1);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->lw, 1);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->qpn, 0xffffff);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->mkey_7_0, 0x5a);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->pd, hca->pd);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->start_addr, 0x123456000ULL);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->len, PAGE_BYTES);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->translations_octword_size, 1);
	MLX5_SET_FIELD(mkc, MLX5_AT(mkc)->log_page_size, 12);
	/* The low bits of an entry allow reading and writing. */
	mlx5_put_be64(in + MLX5_BYTES(create_mkey_in),
		      mlx5_guest_iova(hca, page) | 3);
	mlx5_cmd(hca, in, sizeof(in), out, sizeof(out));
	hca->mkey_index = MLX5_FIELD(out, MLX5_AT(create_mkey_out)->mkey_index);
}

static void make_eq(struct mlx5_hca *hca)
{
	__u8 in[MLX5_BYTES(create_eq_in) + 8] = {};
	__u8 out[MLX5_BYTES(create_eq_out)] = {};
	__u8 *eqc = in + MLX5_BYTE_OFF(create_eq_in, eq_context_entry);
	unsigned int i;

	hca->eq = mlx5_guest_alloc(hca, EQ_SIZE * EQE_BYTES);
	hca->eq_ci = 0;
	for (i = 0; i < EQ_SIZE; i++)
		hca->eq[i * EQE_BYTES + EQE_OWNER] = 1;
	MLX5_SET_FIELD(in, MLX5_AT(create_eq_in)->opcode, MLX5_CMD_OP_CREATE_EQ);
	MLX5_SET_FIELD(eqc, MLX5_AT(eqc)->log_eq_size, MLX5_EQ_LOG_SIZE);
	MLX5_SET_FIELD(eqc, MLX5_AT(eqc)->uar_page, hca->uar);
	MLX5_SET_FIELD(eqc, MLX5_AT(eqc)->intr, 0);
	mlx5_put_be64(in + MLX5_BYTE_OFF(create_eq_in, event_bitmask),
		      BIT_ULL(MLX5_EVENT_CMD));
	mlx5_put_be64(in + MLX5_BYTES(create_eq_in), mlx5_guest_iova(hca, hca->eq));
	mlx5_cmd(hca, in, sizeof(in), out, sizeof(out));
	hca->eqn = MLX5_FIELD(out, MLX5_AT(create_eq_out)->eq_number);
}

static void make_cq(struct mlx5_hca *hca)
{
	__u8 in[MLX5_BYTES(create_cq_in) + 8] = {};
	__u8 out[MLX5_BYTES(create_cq_out)] = {};
	__u8 *cqc = in + MLX5_BYTE_OFF(create_cq_in, cq_context);
	void *ring = mlx5_guest_alloc(hca, PAGE_BYTES);
	void *doorbell = mlx5_guest_alloc(hca, PAGE_BYTES);

	MLX5_SET_FIELD(in, MLX5_AT(create_cq_in)->opcode, MLX5_CMD_OP_CREATE_CQ);
	MLX5_SET_FIELD(cqc, MLX5_AT(cqc)->log_cq_size, 6);
	MLX5_SET_FIELD(cqc, MLX5_AT(cqc)->uar_page, hca->uar);
	MLX5_SET_FIELD(cqc, MLX5_AT(cqc)->c_eqn_or_apu_element, hca->eqn);
	MLX5_SET_FIELD(cqc, MLX5_AT(cqc)->dbr_addr, mlx5_guest_iova(hca, doorbell));
	mlx5_put_be64(in + MLX5_BYTES(create_cq_in), mlx5_guest_iova(hca, ring));
	mlx5_cmd(hca, in, sizeof(in), out, sizeof(out));
	hca->cqn = MLX5_FIELD(out, MLX5_AT(create_cq_out)->cqn);
}

void mlx5_hca_make_objects(struct mlx5_hca *hca)
{
	hca->uar = mlx5_cmd_alloc(hca, MLX5_CMD_OP_ALLOC_UAR);
	hca->pd = mlx5_cmd_alloc(hca, MLX5_CMD_OP_ALLOC_PD);
	hca->td = mlx5_cmd_alloc(hca, MLX5_CMD_OP_ALLOC_TRANSPORT_DOMAIN);
	make_mkey(hca);
	make_eq(hca);
	make_cq(hca);
}

void mlx5_hca_start(struct mlx5_hca *hca, const struct vfio_dev *dev)
{
	mlx5_hca_init(hca);
	mlx5_hca_attach(hca, dev);
	mlx5_hca_boot(hca);
	mlx5_hca_make_objects(hca);
}

__u8 mlx5_eq_next(struct mlx5_hca *hca)
{
	__u8 *eqe = hca->eq + hca->eq_ci % EQ_SIZE * EQE_BYTES;
	__u8 owner = __atomic_load_n(eqe + EQE_OWNER, __ATOMIC_RELAXED);

	if ((owner & 1) != ((hca->eq_ci >> MLX5_EQ_LOG_SIZE) & 1))
		return 0;
	__sync_synchronize();
	hca->eq_ci++;
	return eqe[EQE_TYPE];
}

void mlx5_eq_arm(struct mlx5_hca *hca)
{
	ring_eq(hca, UAR_EQ_ARM);
}
