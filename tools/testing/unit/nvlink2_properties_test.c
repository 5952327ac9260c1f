// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of drivers/vfio/pci/nvlink2/properties.c in user space.
 *
 * Each property is in memory of exactly its length, so that the sanitizer sees a byte read
 * beyond its end.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "properties.h"

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#define BIT_ULL(n)	((uint64_t)1 << (n))
#define PAGE		0x10000ULL
#define REGION_MAX	BIT_ULL(40)
#define ADDRESS_END	BIT_ULL(51)
#define RAM		0x0006000000000000ULL
#define RAM_BYTES	(128ULL << 30)
#define TGT		0x0000040000000000ULL
#define ATSD(n)		(0x0006030200700000ULL + (n) * 0x10000ULL)

static const struct nvlink2_limits limits = {
	.page_bytes = PAGE,
	.region_bytes = REGION_MAX,
	.address_end = ADDRESS_END,
};

static struct nvlink2_property bytes_of(const void *from, int bytes)
{
	struct nvlink2_property property = { .value = malloc(bytes), .bytes = bytes };

	assert_non_null(property.value);
	memcpy((void *)property.value, from, bytes);
	return property;
}

/* A property of @count numbers of 64 bits */
static struct nvlink2_property u64s(size_t count, const uint64_t *values)
{
	uint8_t cells[64];
	size_t i;

	assert_true(count * 8 <= sizeof(cells));
	for (i = 0; i < count * 8; i++)
		cells[i] = values[i / 8] >> (56 - i % 8 * 8);
	return bytes_of(cells, count * 8);
}

static struct nvlink2_property one_u64(uint64_t value)
{
	return u64s(1, &value);
}

static struct nvlink2_property one_u32(uint32_t value)
{
	uint8_t cell[] = { value >> 24, value >> 16, value >> 8, value };

	return bytes_of(cell, sizeof(cell));
}

static struct nvlink2_property range(uint64_t address, uint64_t bytes)
{
	const uint64_t values[] = { address, bytes };

	return u64s(2, values);
}

/* The first @bytes of a property, or of it and what follows; the old one is freed */
static void resize(struct nvlink2_property *property, int bytes)
{
	uint8_t cells[80] = {};
	int old = property->bytes;

	memcpy(cells, property->value, old < bytes ? old : bytes);
	free((void *)property->value);
	*property = bytes_of(cells, bytes);
}

static void drop(struct nvlink2_property *property)
{
	free((void *)property->value);
	memset(property, 0, sizeof(*property));
}

static void drop_all(struct nvlink2_property *first, size_t count)
{
	while (count--)
		drop(first++);
}

static struct nvlink2_gpu_properties good_gpu(void)
{
	return (struct nvlink2_gpu_properties){
		.reg = range(RAM, RAM_BYTES),
		.tgt = one_u64(TGT),
	};
}

#define NPU_LINKS	3

static struct nvlink2_npu_properties good_npu(uint32_t link)
{
	const uint64_t atsd[NPU_LINKS] = { ATSD(0), ATSD(1), ATSD(2) };

	return (struct nvlink2_npu_properties){
		.tgt = one_u64(TGT),
		.speed = one_u32(9),
		.link_index = one_u32(link),
		.atsd = u64s(NPU_LINKS, atsd),
	};
}

/* Decodes and frees; a failure must name the property and leave the result alone */
static int decode_gpu(struct nvlink2_gpu_properties properties, struct nvlink2_gpu *gpu,
		      const char *property, const char *problem)
{
	struct nvlink2_complaint complaint = {};
	struct nvlink2_gpu before;
	int ret;

	memset(gpu, 0xa5, sizeof(*gpu));
	before = *gpu;
	ret = nvlink2_decode_gpu(&properties, &limits, gpu, &complaint);
	drop_all(&properties.reg, sizeof(properties) / sizeof(properties.reg));
	if (!ret)
		return 0;
	assert_memory_equal(gpu, &before, sizeof(before));
	assert_string_equal(complaint.property, property);
	assert_string_equal(complaint.problem, problem);
	return ret;
}

static int decode_npu(struct nvlink2_npu_properties properties, struct nvlink2_npu *npu,
		      const char *property, const char *problem)
{
	struct nvlink2_complaint complaint = {};
	int ret;

	memset(npu, 0, sizeof(*npu));
	npu->link_speed = 0xa5;
	ret = nvlink2_decode_npu(&properties, &limits, npu, &complaint);
	drop_all(&properties.tgt, sizeof(properties) / sizeof(properties.tgt));
	if (!ret)
		return 0;
	assert_int_equal(npu->link_speed, 0xa5);
	assert_true(!npu->atsd && !npu->ssa_tgt);
	assert_string_equal(complaint.property, property);
	assert_string_equal(complaint.problem, problem);
	return ret;
}

static void test_gpu(void **state)
{
	struct nvlink2_gpu gpu;

	assert_int_equal(decode_gpu(good_gpu(), &gpu, "", ""), 0);
	assert_true(gpu.ram == RAM);
	assert_true(gpu.ram_bytes == RAM_BYTES);
	assert_true(gpu.ssa_tgt == TGT);
}

static void test_gpu_missing(void **state)
{
	struct nvlink2_gpu_properties properties = good_gpu();
	struct nvlink2_gpu gpu;

	drop(&properties.reg);
	assert_int_equal(decode_gpu(properties, &gpu, "reg", "missing"), -ENOENT);

	properties = good_gpu();
	drop(&properties.tgt);
	assert_int_equal(decode_gpu(properties, &gpu, "ibm,device-tgt-addr", "missing"), -ENOENT);
}

static void test_gpu_wrong_length(void **state)
{
	static const int reg_bytes[] = { 0, 4, 8, 12, 15, 17, 20, 32 };
	static const int tgt_bytes[] = { 0, 4, 7, 9, 16 };
	struct nvlink2_gpu_properties properties;
	struct nvlink2_gpu gpu;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reg_bytes); i++) {
		properties = good_gpu();
		resize(&properties.reg, reg_bytes[i]);
		assert_int_equal(decode_gpu(properties, &gpu, "reg", "wrong length"), -EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(tgt_bytes); i++) {
		properties = good_gpu();
		resize(&properties.tgt, tgt_bytes[i]);
		assert_int_equal(decode_gpu(properties, &gpu, "ibm,device-tgt-addr",
					    "wrong length"), -EINVAL);
	}
}

static void refuse_range(uint64_t address, uint64_t bytes, const char *problem)
{
	struct nvlink2_gpu_properties properties = good_gpu();
	struct nvlink2_gpu gpu;

	drop(&properties.reg);
	properties.reg = range(address, bytes);
	assert_int_equal(decode_gpu(properties, &gpu, "reg", problem), -EINVAL);
}

static void accept_range(uint64_t address, uint64_t bytes)
{
	struct nvlink2_gpu_properties properties = good_gpu();
	struct nvlink2_gpu gpu;

	drop(&properties.reg);
	properties.reg = range(address, bytes);
	assert_int_equal(decode_gpu(properties, &gpu, "", ""), 0);
	assert_true(gpu.ram == address && gpu.ram_bytes == bytes);
}

static void test_gpu_range(void **state)
{
	const char *unaligned = "not a multiple of the page size";
	const char *past_end = "past the end of the address space";

	refuse_range(RAM, 0, "size 0");
	refuse_range(RAM + 1, RAM_BYTES, unaligned);
	refuse_range(RAM + PAGE / 2, RAM_BYTES, unaligned);
	refuse_range(RAM, RAM_BYTES - 1, unaligned);
	refuse_range(RAM, 1, unaligned);
	refuse_range(RAM, REGION_MAX + PAGE, "larger than a region can be");
	refuse_range(0, 0 - PAGE, "larger than a region can be");
	refuse_range(0 - PAGE, 2 * PAGE, past_end);
	refuse_range(0 - PAGE, PAGE, past_end);
	refuse_range(0 - REGION_MAX + PAGE, REGION_MAX, past_end);
	refuse_range(ADDRESS_END, PAGE, past_end);
	refuse_range(ADDRESS_END - PAGE, 2 * PAGE, past_end);

	accept_range(RAM, PAGE);
	accept_range(RAM, REGION_MAX);
	accept_range(0, PAGE);
	accept_range(ADDRESS_END - PAGE, PAGE);
	accept_range(ADDRESS_END - REGION_MAX, REGION_MAX);
}

static void test_npu(void **state)
{
	struct nvlink2_npu npu;
	uint32_t link;

	for (link = 0; link < NPU_LINKS; link++) {
		assert_int_equal(decode_npu(good_npu(link), &npu, "", ""), 0);
		assert_true(npu.atsd == ATSD(link));
		assert_false(npu.atsd_shared);
		assert_true(npu.ssa_tgt == TGT);
		assert_int_equal(npu.link_index, link);
		assert_int_equal(npu.link_speed, 9);
	}
}

/* An index without an entry gets the first entry; the largest must not wrap either */
static void test_npu_shared_atsd(void **state)
{
	static const uint32_t links[] = { NPU_LINKS, 0x1fffffff, 0x20000000, 0xffffffff };
	struct nvlink2_npu npu;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(links); i++) {
		assert_int_equal(decode_npu(good_npu(links[i]), &npu, "", ""), 0);
		assert_true(npu.atsd == ATSD(0));
		assert_true(npu.atsd_shared);
		assert_int_equal(npu.link_index, links[i]);
	}
}

static void test_npu_no_atsd(void **state)
{
	struct nvlink2_npu_properties properties = good_npu(0);
	struct nvlink2_npu npu;

	drop(&properties.atsd);
	assert_int_equal(decode_npu(properties, &npu, "", ""), 0);
	assert_true(npu.atsd == 0 && !npu.atsd_shared);
	assert_true(npu.ssa_tgt == TGT);
	assert_int_equal(npu.link_speed, 9);
}

static void test_npu_bad_atsd(void **state)
{
	static const int bytes[] = { 0, 4, 7, 12, 23, 25 };
	static const struct {
		uint64_t atsd;
		const char *problem;
	} bad[] = {
		{ 0, "address 0" },
		{ ATSD(0) + 8, "not a multiple of 64 KiB" },
		{ ATSD(0) + 0x1000, "not a multiple of 64 KiB" },
		{ ADDRESS_END, "past the end of the address space" },
		{ 0 - PAGE, "past the end of the address space" },
	};
	struct nvlink2_npu_properties properties;
	struct nvlink2_npu npu;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		properties = good_npu(0);
		resize(&properties.atsd, bytes[i]);
		assert_int_equal(decode_npu(properties, &npu, "ibm,mmio-atsd", "wrong length"),
				 -EINVAL);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		properties = good_npu(0);
		drop(&properties.atsd);
		properties.atsd = one_u64(bad[i].atsd);
		assert_int_equal(decode_npu(properties, &npu, "ibm,mmio-atsd", bad[i].problem),
				 -EINVAL);
	}
}

static void test_npu_missing_and_wrong_length(void **state)
{
	static const struct {
		const char *name;
		size_t offset;
		int bytes;
	} all[] = {
		{ "ibm,device-tgt-addr", offsetof(struct nvlink2_npu_properties, tgt), 8 },
		{ "ibm,nvlink-speed", offsetof(struct nvlink2_npu_properties, speed), 4 },
		{ "ibm,npu-link-index", offsetof(struct nvlink2_npu_properties, link_index), 4 },
	};
	struct nvlink2_npu_properties properties;
	struct nvlink2_property *property;
	struct nvlink2_npu npu;
	size_t i;
	int bytes;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		property = (void *)((char *)&properties + all[i].offset);
		properties = good_npu(0);
		drop(property);
		assert_int_equal(decode_npu(properties, &npu, all[i].name, "missing"), -ENOENT);

		for (bytes = 0; bytes <= 16; bytes++) {
			if (bytes == all[i].bytes)
				continue;
			properties = good_npu(0);
			resize(property, bytes);
			assert_int_equal(decode_npu(properties, &npu, all[i].name,
						    "wrong length"), -EINVAL);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gpu),
		cmocka_unit_test(test_gpu_missing),
		cmocka_unit_test(test_gpu_wrong_length),
		cmocka_unit_test(test_gpu_range),
		cmocka_unit_test(test_npu),
		cmocka_unit_test(test_npu_shared_atsd),
		cmocka_unit_test(test_npu_no_atsd),
		cmocka_unit_test(test_npu_bad_atsd),
		cmocka_unit_test(test_npu_missing_and_wrong_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
