// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of tools/vfio/ports.c: what devlink answers, whole and damaged; and of bounded.c, by which
 * it is asked.
 */

#include <errno.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bounded.h"
#include "ports.h"

#define PF		"0000:3b:00.0"
#define FN_ATTR_CAPS	4
#define MIGRATABLE	2

static union {
	struct nlmsghdr head;
	char bytes[4096];
} message;
static size_t used;
static struct ports ports;

static void begin(int type)
{
	struct nlmsghdr *head;

	used = NLMSG_ALIGN(used);
	head = (void *)(message.bytes + used);
	memset(head, 0, NLMSG_LENGTH(GENL_HDRLEN));
	head->nlmsg_type = type;
	head->nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	used += head->nlmsg_len;
}

static void put(struct nlmsghdr *head, int type, const void *data, size_t size)
{
	struct nlattr *attr = (void *)(message.bytes + used);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	memcpy((char *)attr + NLA_HDRLEN, data, size);
	used += NLA_ALIGN(attr->nla_len);
	head->nlmsg_len = message.bytes + used - (char *)head;
}

static void put_port(const char *bus, uint16_t flavour, uint32_t index, uint16_t vf, bool told,
		     uint32_t caps)
{
	struct nlmsghdr *head = (void *)(message.bytes + NLMSG_ALIGN(used));
	struct {
		struct nlattr attr;
		struct nla_bitfield32 caps;
	} function = {
		.attr = { .nla_type = FN_ATTR_CAPS, .nla_len = sizeof(function) },
		.caps = { .value = caps, .selector = MIGRATABLE },
	};

	begin(32);
	put(head, DEVLINK_ATTR_BUS_NAME, bus, strlen(bus) + 1);
	put(head, DEVLINK_ATTR_DEV_NAME, PF, sizeof(PF));
	put(head, DEVLINK_ATTR_PORT_INDEX, &index, sizeof(index));
	put(head, DEVLINK_ATTR_PORT_FLAVOUR, &flavour, sizeof(flavour));
	put(head, DEVLINK_ATTR_PORT_PCI_VF_NUMBER, &vf, sizeof(vf));
	if (told)
		put(head, DEVLINK_ATTR_PORT_FUNCTION | NLA_F_NESTED, &function, sizeof(function));
}

static int set_up(void **state)
{
	memset(&message, 0xa5, sizeof(message));
	memset(&ports, 0, sizeof(ports));
	used = 0;
	return 0;
}

static void ports_are_found(void **state)
{
	struct function functions[3] = {
		{ .bdf = "0000:3b:00.2", .physfn = PF, .vf = 0 },
		{ .bdf = "0000:3b:00.3", .physfn = PF, .vf = 1 },
		{ .bdf = PF, .vf = -1, .nr_vfs = 2 },
	};

	put_port("pci", DEVLINK_PORT_FLAVOUR_PHYSICAL, 65535, 0, false, 0);
	put_port("pci", DEVLINK_PORT_FLAVOUR_PCI_VF, 1, 0, true, MIGRATABLE);
	put_port("pci", DEVLINK_PORT_FLAVOUR_PCI_VF, 2, 1, true, 0);
	put_port("auxiliary", DEVLINK_PORT_FLAVOUR_PCI_VF, 3, 1, true, MIGRATABLE);
	assert_int_equal(ports_parse(&ports, &message, used), 1);
	assert_int_equal(ports.nr, 2);
	ports_tell(&ports, functions, 3);
	assert_int_equal(functions[0].allowed, ALLOWED_YES);
	assert_int_equal(functions[0].port, 1);
	assert_int_equal(functions[1].allowed, ALLOWED_NO);
	assert_int_equal(functions[1].port, 2);
	assert_int_equal(functions[2].allowed, ALLOWED_UNKNOWN);
}

static void a_port_that_does_not_tell(void **state)
{
	struct function functions[2] = {
		{ .bdf = "0000:3b:00.2", .physfn = PF, .vf = 0 },
		{ .bdf = "0000:3b:00.3", .physfn = PF, .vf = 1 },
	};

	put_port("pci", DEVLINK_PORT_FLAVOUR_PCI_VF, 1, 0, false, 0);
	assert_int_equal(ports_parse(&ports, &message, used), 1);
	ports_tell(&ports, functions, 2);
	assert_int_equal(functions[0].allowed, ALLOWED_NO_WORD);
	assert_int_equal(functions[1].allowed, ALLOWED_NO_PORT);
}

static void the_end_is_seen(void **state)
{
	begin(NLMSG_DONE);
	assert_int_equal(ports_parse(&ports, &message, used), 0);
}

static void an_error_is_told(void **state)
{
	struct nlmsgerr error = { .error = -EPERM };

	message.head = (struct nlmsghdr) {
		.nlmsg_type = NLMSG_ERROR, .nlmsg_len = NLMSG_LENGTH(sizeof(error)),
	};
	memcpy(NLMSG_DATA(&message.head), &error, sizeof(error));
	assert_int_equal(ports_parse(&ports, &message, message.head.nlmsg_len), -EPERM);
	/* One that is cut has no error in it. */
	message.head.nlmsg_len = NLMSG_LENGTH(sizeof(error)) - 4;
	assert_int_equal(ports_parse(&ports, &message, message.head.nlmsg_len), -EBADMSG);
}

/*
 * Cut at each length, and each bit changed: nothing is read beyond the end. The lengths of the
 * messages themselves are the kernel's: libmnl believes one that is below zero.
 */
static void damage_is_no_harm(void **state)
{
	size_t whole, i;
	char *copy;
	int bit;

	put_port("pci", DEVLINK_PORT_FLAVOUR_PCI_VF, 1, 0, true, MIGRATABLE);
	put_port("pci", DEVLINK_PORT_FLAVOUR_PCI_VF, 2, 1, true, 0);
	whole = used;
	for (i = 0; i <= whole; i++) {
		copy = malloc(i + 1);
		assert_non_null(copy);
		memcpy(copy, &message, i);
		ports.nr = 0;
		ports_parse(&ports, copy, i);
		assert_in_range(ports.nr, 0, 2);
		free(copy);
	}
	for (i = 0; i < whole * 8; i++) {
		if (i / 8 % (whole / 2) < sizeof(message.head.nlmsg_len))
			continue;
		copy = malloc(whole);
		assert_non_null(copy);
		memcpy(copy, &message, whole);
		bit = i % 8;
		copy[i / 8] ^= 1 << bit;
		ports.nr = 0;
		ports_parse(&ports, copy, whole);
		assert_in_range(ports.nr, 0, 2);
		free(copy);
	}
}

static void there_may_be_too_many(void **state)
{
	int i;

	for (i = 0; i < PORTS_MAX + 2; i++) {
		used = 0;
		put_port("pci", DEVLINK_PORT_FLAVOUR_PCI_VF, i, i, true, 0);
		assert_int_equal(ports_parse(&ports, &message, used), 1);
	}
	assert_int_equal(ports.nr, PORTS_MAX);
}

static int answers(const void *question, void *answer)
{
	*(int *)answer = *(const int *)question + 1;
	return 0;
}

static int refuses(const void *question, void *answer)
{
	return -EPERM;
}

static int dies(const void *question, void *answer)
{
	_exit(0);
}

static int never_answers(const void *question, void *answer)
{
	/* Until the test is over, whose end of the pipe this is. */
	pause();
	return 0;
}

static void questions_are_answered(void **state)
{
	int question = 41, answer = 0;

	assert_int_equal(bounded_ask(answers, &question, &answer, sizeof(answer), 60), 0);
	assert_int_equal(answer, 42);
	assert_int_equal(bounded_ask(refuses, &question, &answer, sizeof(answer), 60), -EPERM);
	assert_int_equal(bounded_ask(dies, &question, &answer, sizeof(answer), 60), -EIO);
}

static void who_never_answers_is_left(void **state)
{
	int question = 0, answer = 0;

	assert_int_equal(bounded_ask(never_answers, &question, &answer, sizeof(answer), 0),
			 -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ports_are_found, set_up),
		cmocka_unit_test_setup(a_port_that_does_not_tell, set_up),
		cmocka_unit_test_setup(the_end_is_seen, set_up),
		cmocka_unit_test_setup(an_error_is_told, set_up),
		cmocka_unit_test_setup(damage_is_no_harm, set_up),
		cmocka_unit_test_setup(there_may_be_too_many, set_up),
		cmocka_unit_test(questions_are_answered),
		cmocka_unit_test(who_never_answers_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
