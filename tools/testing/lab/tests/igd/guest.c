// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest without an operating system: what an Intel GPU's driver would see
 *
 * QEMU loads it by multiboot after SeaBIOS has done its part. It writes a dump to QEMU's debug
 * console (port 0xe9) and ends QEMU:
 *
 *	"IGD<"			and the GPU's address (devfn)
 *	ASLS			4 bytes
 *	OpRegion		as many bytes as follow, 4 bytes; then they
 *	host bridge, LPC bridge	256 bytes of config space each
 *	">IGD"
 */
#include <stddef.h>
#include <stdint.h>

#define PORT_CONFIG_ADDRESS	0xcf8
#define PORT_CONFIG_DATA	0xcfc
#define PORT_DEBUG_CONSOLE	0xe9
#define PORT_DEBUG_EXIT		0xf4

#define CONFIG_BYTES		256
#define DEVFN_LPC		(0x1f << 3)

#define OPREGION_BYTES		8192
#define OPREGION_RVDA		0x3ba
#define OPREGION_RVDS		0x3c2

/* Multiboot header (magic, flags, checksum), then a stack and main() */
asm(".text; .balign 4\n"
	".long 0x1badb002, 0, -0x1badb002\n"
	".globl _start\n"
	"_start: mov $stack + 4096, %esp\n"
	"call guest_main\n"
	"1: hlt; jmp 1b\n"
	".lcomm stack, 4096\n");

static void out32(uint16_t port, uint32_t value)
{
	asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void put(const void *from, uint32_t bytes)
{
	asm volatile("rep outsb" : "+S"(from), "+c"(bytes) : "d"(PORT_DEBUG_CONSOLE) : "memory");
}

static void put32(uint32_t value)
{
	put(&value, sizeof(value));
}

static uint32_t config(uint32_t devfn, uint32_t offset)
{
	out32(PORT_CONFIG_ADDRESS, 0x80000000 | devfn << 8 | offset);
	return in32(PORT_CONFIG_DATA);
}

static void put_config(uint32_t devfn)
{
	uint32_t offset;

	for (offset = 0; offset < CONFIG_BYTES; offset += 4)
		put32(config(devfn, offset));
}

/* The first Intel display device of bus 0 */
static uint32_t find_gpu(void)
{
	uint32_t devfn;

	for (devfn = 0; devfn < 0x100; devfn += 8)
		if ((config(devfn, 0) & 0xffff) == 0x8086 && config(devfn, 8) >> 24 == 3)
			break;
	return devfn;
}

static uint32_t opregion_bytes(const uint8_t *opregion)
{
	uint32_t rvda = *(const uint32_t *)(opregion + OPREGION_RVDA);
	uint32_t rvds = *(const uint32_t *)(opregion + OPREGION_RVDS);

	return rvda == OPREGION_BYTES ? OPREGION_BYTES + rvds : OPREGION_BYTES;
}

void guest_main(void)
{
	uint32_t gpu = find_gpu();
	const uint8_t *opregion = NULL;

	put("IGD<", 4);
	put32(gpu);
	if (gpu < 0x100)
		opregion = (const uint8_t *)config(gpu, 0xfc);
	put32((uint32_t)opregion);
	put32(opregion ? opregion_bytes(opregion) : 0);
	if (opregion)
		put(opregion, opregion_bytes(opregion));
	put_config(0);
	put_config(DEVFN_LPC);
	put(">IGD", 4);
	out32(PORT_DEBUG_EXIT, 0);
}
