// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvlink2_vfio_pci on a machine whose device tree these tests write: what user space sees of
 * a GPU and of a bridge with good properties, with none, and with bad ones.
 *
 * The machine is a pseries guest with a function 10de:1db1 and one 1014:04ea. In the
 * environment:
 *
 *   NVLINK2_RAM, NVLINK2_RAM_BYTES   memory that the kernel does not use, as GPU RAM
 *   NVLINK2_ATSD                     64 KiB that keep what is written, as ATSD register
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "machine.h"

#define ATSD_BYTES	0x10000

#define FIRST_REGION	VFIO_PCI_NUM_REGIONS
#define GPU_TYPE	(VFIO_REGION_TYPE_PCI_VENDOR_TYPE | 0x10de)
#define NPU_TYPE	(VFIO_REGION_TYPE_PCI_VENDOR_TYPE | 0x1014)
#define READ_WRITE_MMAP	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE | \
			 VFIO_REGION_INFO_FLAG_MMAP)

/* One access each, which the compiler neither drops nor repeats */
static __u64 load64(const void *at)
{
	return __atomic_load_n((const __u64 *)at, __ATOMIC_RELAXED);
}

static void store64(void *at, __u64 value)
{
	__atomic_store_n((__u64 *)at, value, __ATOMIC_RELAXED);
}

static void *pattern(size_t bytes, unsigned int seed)
{
	__u8 *p = malloc(bytes);
	size_t i;

	for (i = 0; p && i < bytes; i++)
		p[i] = (i * 2654435761u) >> 16 ^ seed;
	return p;
}

FIXTURE(gpu) {
	struct nv_device dev;
	struct nv_region region;
};

FIXTURE_SETUP(gpu)
{
	ASSERT_EQ(good_properties(), 0);
	ASSERT_EQ(open_bound(&self->dev, machine.gpu, NULL, NULL), 0);
	ASSERT_EQ(self->dev.num_regions, FIRST_REGION + 1);
	ASSERT_EQ(nv_region(&self->dev, FIRST_REGION, &self->region), 0);
}

FIXTURE_TEARDOWN(gpu)
{
	close_unbind(&self->dev);
	clear_properties();
}

static void *map(const struct nv_device *dev, const struct nv_region *region, __u64 at,
		 size_t bytes, int prot, int flags)
{
	return mmap(NULL, bytes, prot, flags, dev->fd, region->offset + at);
}

static void *map_all(const struct nv_device *dev, const struct nv_region *region)
{
	return map(dev, region, 0, region->size, PROT_READ | PROT_WRITE, MAP_SHARED);
}

TEST_F(gpu, region_is_what_the_device_tree_says)
{
	const struct nv_region *region = &self->region;
	char node[128];
	__u64 tgt;

	pci_of_node(machine.npu, node, sizeof(node));
	ASSERT_EQ(ofdt_get_u64(node, "ibm,device-tgt-addr", &tgt), 0);
	EXPECT_EQ(tgt, TGT);

	EXPECT_EQ(region->type, GPU_TYPE);
	EXPECT_EQ(region->subtype, VFIO_REGION_SUBTYPE_NVIDIA_NVLINK2_RAM);
	EXPECT_EQ(region->size, machine.ram_bytes);
	EXPECT_EQ(region->flags, READ_WRITE_MMAP | VFIO_REGION_INFO_FLAG_CAPS);
	ASSERT_EQ(region->num_caps, 2);
	EXPECT_EQ(region->caps[0], VFIO_REGION_INFO_CAP_TYPE);
	EXPECT_EQ(region->caps[1], VFIO_REGION_INFO_CAP_NVLINK2_SSATGT);
	EXPECT_EQ(region->ssatgt, tgt);
}

/* 3 MiB at an odd address: more than the library copies at a time */
#define COPY_AT		(0x1000 - 7)
#define COPY_BYTES	(0x300000 + 13)

TEST_F(gpu, mapped_ram_is_what_read_and_write_reach)
{
	__u8 *ram, *wrote = pattern(COPY_BYTES, 1), *back = calloc(1, COPY_BYTES);

	ASSERT_TRUE(wrote && back);
	ram = map_all(&self->dev, &self->region);
	ASSERT_NE(ram, MAP_FAILED);

	memcpy(ram + COPY_AT, wrote, COPY_BYTES);
	ASSERT_EQ(pread(self->dev.fd, back, COPY_BYTES, self->region.offset + COPY_AT), COPY_BYTES);
	EXPECT_EQ(memcmp(wrote, back, COPY_BYTES), 0);

	free(wrote);
	wrote = pattern(COPY_BYTES, 2);
	ASSERT_NE(wrote, NULL);
	ASSERT_EQ(pwrite(self->dev.fd, wrote, COPY_BYTES, self->region.offset + COPY_AT),
		  COPY_BYTES);
	EXPECT_EQ(memcmp(wrote, ram + COPY_AT, COPY_BYTES), 0);

	EXPECT_EQ(munmap(ram, self->region.size), 0);
	free(wrote);
	free(back);
}

/* What a user wrote is there for the next one: it is memory, not a copy */
TEST_F(gpu, ram_outlives_the_open_device)
{
	__u64 word = 0x0123456789abcdefULL, back = 0;

	ASSERT_EQ(pwrite(self->dev.fd, &word, 8, self->region.offset + 8), 8);
	nv_close(&self->dev);
	ASSERT_EQ(nv_open(&self->dev, machine.gpu, VFIO_SPAPR_TCE_v2_IOMMU), 0);
	ASSERT_EQ(nv_region(&self->dev, FIRST_REGION, &self->region), 0);
	ASSERT_EQ(pread(self->dev.fd, &back, 8, self->region.offset + 8), 8);
	EXPECT_EQ(back, word);
}

TEST_F(gpu, a_mapping_of_a_part_is_that_part)
{
	const long page = sysconf(_SC_PAGESIZE);
	const __u64 last = self->region.size - page;
	__u64 back[2] = {};
	__u64 *first, *end;

	/* Both at once: neither takes the region for itself */
	first = map(&self->dev, &self->region, page, page, PROT_READ | PROT_WRITE, MAP_SHARED);
	end = map(&self->dev, &self->region, last, page, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(first, MAP_FAILED);
	ASSERT_NE(end, MAP_FAILED);
	first[0] = 0x11;
	end[0] = 0x22;
	ASSERT_EQ(pread(self->dev.fd, &back[0], 8, self->region.offset + page), 8);
	ASSERT_EQ(pread(self->dev.fd, &back[1], 8, self->region.offset + last), 8);
	EXPECT_EQ(back[0], 0x11);
	EXPECT_EQ(back[1], 0x22);
	munmap(first, page);
	munmap(end, page);
}

TEST_F(gpu, edges_of_mmap)
{
	const long page = sysconf(_SC_PAGESIZE);
	const struct {
		__u64 at;
		size_t bytes;
		int flags;
	} bad[] = {
		{ 0, self->region.size + page, MAP_SHARED },
		{ page, self->region.size, MAP_SHARED },
		{ self->region.size, page, MAP_SHARED },
		{ self->region.size - page, 2 * page, MAP_SHARED },
		{ (1ULL << 40) - page, page, MAP_SHARED },
		{ 0, page, MAP_PRIVATE },
		{ 1, page, MAP_SHARED },
		{ page / 2, page, MAP_SHARED },
		{ 0, 0, MAP_SHARED },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		errno = 0;
		EXPECT_EQ(map(&self->dev, &self->region, bad[i].at, bad[i].bytes, PROT_READ,
			      bad[i].flags), MAP_FAILED);
		EXPECT_EQ(errno, EINVAL) {
			TH_LOG("%zu bytes at 0x%llx", bad[i].bytes, bad[i].at);
		}
	}
}

TEST_F(gpu, edges_of_read_and_write)
{
	const __u64 end = self->region.offset + self->region.size;
	char buf[16] = {};
	void *nowhere;

	EXPECT_EQ(pread(self->dev.fd, buf, 16, end - 4), 4);
	EXPECT_EQ(pwrite(self->dev.fd, buf, 16, end - 4), 4);
	EXPECT_EQ(pread(self->dev.fd, buf, 1, end), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(pwrite(self->dev.fd, buf, 1, end), -1);
	EXPECT_EQ(errno, EINVAL);
	nowhere = mmap(NULL, 16, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(nowhere, MAP_FAILED);
	EXPECT_EQ(pread(self->dev.fd, nowhere, 16, end - 16), -1);
	EXPECT_EQ(errno, EFAULT);
}

static sigjmp_buf after_fault;

static void on_fault(int sig)
{
	siglongjmp(after_fault, sig);
}

TEST_F(gpu, a_read_only_mapping_cannot_be_written)
{
	const long page = sysconf(_SC_PAGESIZE);
	__u64 word = 5;
	void *ram;

	ASSERT_EQ(pwrite(self->dev.fd, &word, 8, self->region.offset), 8);
	ram = map(&self->dev, &self->region, 0, page, PROT_READ, MAP_SHARED);
	ASSERT_NE(ram, MAP_FAILED);
	EXPECT_EQ(load64(ram), 5);

	signal(SIGSEGV, on_fault);
	if (!sigsetjmp(after_fault, 1)) {
		store64(ram, 6);
		signal(SIGSEGV, SIG_DFL);
		EXPECT_TRUE(false) {
			TH_LOG("the write went through");
		}
	}
	signal(SIGSEGV, SIG_DFL);
	EXPECT_EQ(load64(ram), 5);
	munmap(ram, page);
}

/* The TCE container knows GPU RAM by the address of its mapping, so that must stay */
TEST_F(gpu, a_mapping_stays_where_it_is)
{
	const long page = sysconf(_SC_PAGESIZE);
	__u8 *ram, *hole;
	int status;

	hole = mmap(NULL, 8 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(hole, MAP_FAILED);
	ram = map(&self->dev, &self->region, 0, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(ram, MAP_FAILED);
	ram[0] = 7;

	EXPECT_EQ(munmap(ram + page, page), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(mprotect(ram, page, PROT_READ), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(mremap(ram, 4 * page, 4 * page, MREMAP_MAYMOVE | MREMAP_FIXED, hole), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(ram[0], 7);

	if (!fork()) {
		signal(SIGSEGV, on_fault);
		_exit(sigsetjmp(after_fault, 1) ? 0 : 1 + !load64(ram));
	}
	ASSERT_GT(wait(&status), 0);
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));
	EXPECT_EQ(munmap(ram, 4 * page), 0);
}

static int tce_register(const struct nv_device *dev, unsigned long command, void *at,
			size_t bytes)
{
	struct vfio_iommu_spapr_register_memory memory = {
		.argsz = sizeof(memory),
		.vaddr = (uintptr_t)at,
		.size = bytes,
	};

	return ioctl(dev->container_fd, command, &memory) ? -errno : 0;
}

TEST_F(gpu, the_tce_container_takes_mapped_ram)
{
	const size_t bytes = 1 << 20;
	__u8 *ram;

	ram = map(&self->dev, &self->region, bytes, bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(ram, MAP_FAILED);
	EXPECT_EQ(tce_register(&self->dev, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, ram, bytes), 0);
	EXPECT_EQ(tce_register(&self->dev, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, ram, bytes), 0);
	EXPECT_EQ(munmap(ram, bytes), 0);

	/* Nothing is left of it at this address */
	ram = mmap(ram, bytes, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	ASSERT_NE(ram, MAP_FAILED);
	EXPECT_EQ(tce_register(&self->dev, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, ram, bytes), 0);
	EXPECT_EQ(tce_register(&self->dev, VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, ram, bytes), 0);
}

/* How many use the module: 0 when the driver holds nothing that could outlast it. */
static int module_users(void)
{
	FILE *file = fopen("/sys/module/" DRIVER "/refcnt", "r");
	int users = -1;

	if (file && fscanf(file, "%d", &users) != 1)
		users = -1;
	if (file)
		fclose(file);
	return users;
}

static bool module_is_free_within(unsigned int seconds)
{
	unsigned int tries = seconds * 20;

	while (module_users() && tries--)
		usleep(50000);
	return !module_users();
}

/*
 * A mapping goes while the device's TCEs point to it, and then the container goes with its
 * TCEs: the kernel must not warn, and must forget the mapping in the end.
 */
TEST_F(gpu, ram_may_be_unmapped_before_its_tces_go)
{
	const size_t bytes = 1 << 20;
	struct vfio_iommu_spapr_tce_info info = { .argsz = sizeof(info) };
	struct vfio_iommu_type1_dma_map dma = {
		.argsz = sizeof(dma),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.size = bytes,
	};
	void *ram, *other;

	/* The container takes no mapping before some memory was registered */
	other = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(other, MAP_FAILED);
	ASSERT_EQ(tce_register(&self->dev, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, other, bytes), 0);
	ram = map(&self->dev, &self->region, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(ram, MAP_FAILED);

	ASSERT_EQ(ioctl(self->dev.container_fd, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info), 0);
	dma.vaddr = (uintptr_t)ram;
	dma.iova = info.dma32_window_start;
	ASSERT_EQ(ioctl(self->dev.container_fd, VFIO_IOMMU_MAP_DMA, &dma), 0);
	EXPECT_EQ(munmap(ram, bytes), 0);

	/* The device is closed, the TCEs are there: the mapping is remembered */
	close(self->dev.fd);
	self->dev.fd = -1;
	EXPECT_EQ(module_users(), 1);
	nv_close(&self->dev);
	EXPECT_TRUE(module_is_free_within(10));
}

FIXTURE(npu) {
	struct nv_device dev;
	struct nv_region region;
};

FIXTURE_SETUP(npu)
{
	ASSERT_EQ(good_properties(), 0);
}

FIXTURE_TEARDOWN(npu)
{
	close_unbind(&self->dev);
	clear_properties();
}

static int open_npu(struct nv_device *dev, struct nv_region *region)
{
	int ret = open_bound(dev, machine.npu, NULL, NULL);

	return ret ?: nv_region(dev, FIRST_REGION, region);
}

static bool has_both_caps(const struct nv_region *region)
{
	return region->num_caps == 3 && region->caps[0] == VFIO_REGION_INFO_CAP_TYPE &&
	       region->caps[1] == VFIO_REGION_INFO_CAP_NVLINK2_SSATGT &&
	       region->caps[2] == VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD;
}

TEST_F(npu, region_is_what_the_device_tree_says)
{
	const struct nv_region *region = &self->region;
	char node[128];
	__u32 speed;
	__u64 tgt;

	ASSERT_EQ(open_npu(&self->dev, &self->region), 0);
	pci_of_node(machine.npu, node, sizeof(node));
	ASSERT_EQ(ofdt_get_u64(node, "ibm,device-tgt-addr", &tgt), 0);
	ASSERT_EQ(ofdt_get_u32(node, "ibm,nvlink-speed", &speed), 0);

	EXPECT_EQ(self->dev.num_regions, FIRST_REGION + 1);
	EXPECT_EQ(region->type, NPU_TYPE);
	EXPECT_EQ(region->subtype, VFIO_REGION_SUBTYPE_IBM_NVLINK2_ATSD);
	EXPECT_EQ(region->size, ATSD_BYTES);
	EXPECT_EQ(region->flags, READ_WRITE_MMAP | VFIO_REGION_INFO_FLAG_CAPS);
	ASSERT_TRUE(has_both_caps(region));
	EXPECT_EQ(region->ssatgt, tgt);
	EXPECT_EQ(region->lnkspd, speed);
	EXPECT_EQ(speed, SPEED);
}

/* A register is written whole: 8 bytes that are aligned are one access */
static void check_atsd(struct __test_metadata *_metadata, const struct nv_device *dev,
		       const struct nv_region *region)
{
	const __u64 word = 0x8070605040302010ULL;
	__u64 back = 0;
	void *atsd;

	atsd = map(dev, region, 0, region->size, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(atsd, MAP_FAILED);
	store64(atsd, word);
	ASSERT_EQ(pread(dev->fd, &back, 8, region->offset), 8);
	EXPECT_EQ(back, word);
	back = ~word;
	ASSERT_EQ(pwrite(dev->fd, &back, 8, region->offset + ATSD_BYTES - 8), 8);
	EXPECT_EQ(load64((char *)atsd + ATSD_BYTES - 8), ~word);
	EXPECT_EQ(munmap(atsd, region->size), 0);
}

TEST_F(npu, the_register_of_its_link_is_there)
{
	ASSERT_EQ(open_npu(&self->dev, &self->region), 0);
	check_atsd(_metadata, &self->dev, &self->region);
	EXPECT_EQ(map(&self->dev, &self->region, 0, ATSD_BYTES + sysconf(_SC_PAGESIZE), PROT_READ,
		      MAP_SHARED), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
}

TEST_F(npu, a_link_without_a_register_shares_the_first)
{
	const char *const words[] = { machine.npu, "(shared)" };
	int mark;

	ASSERT_EQ(set_atsd(1, 0), 0);
	mark = klog_mark();
	ASSERT_GE(mark, 0);
	ASSERT_EQ(open_npu(&self->dev, &self->region), 0);
	EXPECT_TRUE(klog_has(mark, words, ARRAY_LEN(words)));
	close(mark);
	check_atsd(_metadata, &self->dev, &self->region);
}

TEST_F(npu, without_a_register_the_capabilities_stay)
{
	const char *const words[] = { machine.npu, "ibm,mmio-atsd is missing" };
	char byte = 0;
	int mark;

	ASSERT_EQ(ofdt_remove(machine.phandle[HOST_BRIDGE], "ibm,mmio-atsd"), 0);
	mark = klog_mark();
	ASSERT_GE(mark, 0);
	ASSERT_EQ(open_npu(&self->dev, &self->region), 0);
	EXPECT_TRUE(klog_has(mark, words, ARRAY_LEN(words)));
	close(mark);

	EXPECT_EQ(self->region.size, 0);
	EXPECT_EQ(self->region.flags, VFIO_REGION_INFO_FLAG_CAPS);
	EXPECT_EQ(self->region.type, NPU_TYPE);
	ASSERT_TRUE(has_both_caps(&self->region));
	EXPECT_EQ(self->region.ssatgt, TGT);
	EXPECT_EQ(self->region.lnkspd, SPEED);
	EXPECT_EQ(pread(self->dev.fd, &byte, 1, self->region.offset), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(map(&self->dev, &self->region, 0, ATSD_BYTES, PROT_READ, MAP_SHARED), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
}

/* Is @bdf a plain device, and did the log say why? */
static void check_plain(struct __test_metadata *_metadata, const char *bdf,
			const char *property, const char *problem)
{
	struct nv_region region;
	struct nv_device dev;
	__u32 vendor = 0;
	int ret;

	ret = open_bound(&dev, bdf, property, problem);
	EXPECT_EQ(ret, 0) {
		TH_LOG("%s: %s: %s", property, problem, ret == -ENOMSG ? "not said" : "not bound");
	}
	if (ret)
		return;
	EXPECT_EQ(dev.num_regions, FIRST_REGION) {
		TH_LOG("%s: %s: there is a region", property, problem);
	}
	EXPECT_EQ(nv_region(&dev, FIRST_REGION, &region), -EINVAL);
	EXPECT_EQ(nv_region(&dev, VFIO_PCI_CONFIG_REGION_INDEX, &region), 0);
	EXPECT_EQ(pread(dev.fd, &vendor, 2, region.offset), 2);
	close_unbind(&dev);
}

/* Many binds in one test: seconds, or a minute where the emulation gets little of a CPU */
#define MANY_BINDS_SECONDS	150

FIXTURE(firmware) {
};

FIXTURE_SETUP(firmware)
{
	clear_properties();
}

FIXTURE_TEARDOWN(firmware)
{
	clear_properties();
}

TEST_F(firmware, without_properties_both_are_plain_devices)
{
	check_plain(_metadata, machine.gpu, "ibm,npu", "missing");
	check_plain(_metadata, machine.npu, "ibm,gpu", "missing");
}

static const struct bad_property {
	enum node node;
	const char *property;
	/* -1 removes the property */
	int bytes;
	__u8 value[16];
	/* Which of the two becomes a plain device by it, and what the log says of it */
	enum node plain;
	const char *problem;
} bad_properties[] = {
	{ GPU, "ibm,npu", 4, { 0x7e, 0x57, 0xff }, GPU, "does not name a node" },
	{ GPU, "ibm,npu", 2, { 0x7e, 0x57 }, GPU, "does not name a node" },
	{ NPU, "ibm,gpu", -1, {}, GPU, "missing" },
	{ NPU, "ibm,gpu", 4, { 0x7e, 0x57, 0x00, 0x02 }, GPU, "names another GPU" },
	{ NPU, "memory-region", -1, {}, GPU, "missing" },
	{ NPU, "memory-region", 4, { 0x7e, 0x57, 0xff }, GPU, "does not name a node" },
	{ NPU, "ibm,device-tgt-addr", -1, {}, GPU, "missing" },
	{ NPU, "ibm,device-tgt-addr", 4, {}, GPU, "wrong length" },
	{ RAM, "reg", -1, {}, GPU, "missing" },
	{ RAM, "reg", 8, {}, GPU, "wrong length" },

	{ NPU, "ibm,gpu", -1, {}, NPU, "missing" },
	{ NPU, "ibm,gpu", 4, { 0x7e, 0x57, 0xff }, NPU, "does not name a node" },
	{ NPU, "ibm,nvlink", -1, {}, NPU, "missing" },
	{ NPU, "ibm,nvlink", 4, { 0x7e, 0x57, 0xff }, NPU, "does not name a node" },
	{ NPU, "ibm,device-tgt-addr", -1, {}, NPU, "missing" },
	{ NPU, "ibm,device-tgt-addr", 12, {}, NPU, "wrong length" },
	{ NPU, "ibm,nvlink-speed", -1, {}, NPU, "missing" },
	{ NPU, "ibm,nvlink-speed", 8, {}, NPU, "wrong length" },
	{ LINK_OF_NPU, "ibm,npu-link-index", -1, {}, NPU, "missing" },
	{ LINK_OF_NPU, "ibm,npu-link-index", 1, {}, NPU, "wrong length" },
	{ HOST_BRIDGE, "ibm,mmio-atsd", 12, {}, NPU, "wrong length" },
	{ HOST_BRIDGE, "ibm,mmio-atsd", 8, {}, NPU, "address 0" },
	{ HOST_BRIDGE, "ibm,mmio-atsd", 8, { 0, 0, 4, 0, 0, 0, 0x10 }, NPU,
	  "not a multiple of 64 KiB" },
	{ HOST_BRIDGE, "ibm,mmio-atsd", 8, { 0, 0, 0, 0, 0, 1 }, NPU,
	  "memory that the kernel uses" },
};

TEST_F_TIMEOUT(firmware, a_bad_property_makes_a_plain_device, MANY_BINDS_SECONDS)
{
	const struct bad_property *bad;
	__u32 phandle;

	for (bad = bad_properties; bad < bad_properties + ARRAY_LEN(bad_properties); bad++) {
		ASSERT_EQ(good_properties(), 0);
		phandle = machine.phandle[bad->node];
		ASSERT_EQ(bad->bytes < 0 ? ofdt_remove(phandle, bad->property) :
			  ofdt_set(phandle, bad->property, bad->value, bad->bytes), 0);
		check_plain(_metadata, bad->plain == GPU ? machine.gpu : machine.npu,
			    bad->property, bad->problem);
	}
}

TEST_F_TIMEOUT(firmware, a_bad_range_of_ram_makes_a_plain_device, MANY_BINDS_SECONDS)
{
	const struct {
		__u64 address;
		__u64 bytes;
		const char *problem;
	} bad[] = {
		{ machine.ram, 0, "size 0" },
		{ machine.ram + 8, 0x10000, "not a multiple of the page size" },
		{ machine.ram, 0x10001, "not a multiple of the page size" },
		{ machine.ram, 1ULL << 41, "larger than a region can be" },
		{ -0x10000ULL, 0x20000, "past the end of the address space" },
		{ -0x10000ULL, 0x10000, "past the end of the address space" },
		{ (1ULL << 51) - 0x10000, 0x20000, "past the end of the address space" },
		/* Of the kernel: the first page, and more than that from before its end */
		{ 0, 0x10000, "memory that the kernel uses" },
		{ 0x1000000, 1ULL << 39, "memory that the kernel uses" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		ASSERT_EQ(good_properties(), 0);
		ASSERT_EQ(set_reg(bad[i].address, bad[i].bytes), 0);
		check_plain(_metadata, machine.gpu, "reg", bad[i].problem);
	}
}

int main(int argc, char **argv)
{
	const char *missing = find_machine();

	if (missing) {
		ksft_print_header();
		ksft_exit_skip("%s\n", missing);
	}
	return test_harness_run(argc, argv);
}
