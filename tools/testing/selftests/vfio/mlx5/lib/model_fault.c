// SPDX-License-Identifier: GPL-2.0-only
/*
 * A monitor client as small as can be: each request carries an id, and what
 * comes is skipped up to the answer with that id.
 */
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "model_fault.h"
#include "vfio_mig.h"

#define ANSWER_MS	20000

static int monitor = -1;
static unsigned int last_id;

/* The next line; it is an error when none comes. */
static void read_line(char *line, size_t size)
{
	struct pollfd pfd = { .fd = monitor, .events = POLLIN };
	size_t len = 0;
	char byte = 0;

	while (byte != '\n') {
		VFIO_ASSERT(poll(&pfd, 1, ANSWER_MS) == 1,
			    "the monitor does not answer");
		VFIO_ASSERT(read(monitor, &byte, 1) == 1, "monitor");
		if (len + 1 < size)
			line[len++] = byte;
	}
	line[len] = '\0';
}

/* Sends {"execute": @request}; @line is the answer to it. */
static void exchange(const char *request, char *line, size_t size)
{
	char text[512], mark[64];
	int len;

	/* Of this process alone: an answer to an earlier one may be left over. */
	snprintf(mark, sizeof(mark), "\"id\": \"%d-%u\"", getpid(), ++last_id);
	len = snprintf(text, sizeof(text), "{\"execute\": %s, %s}\n", request,
		       mark);
	VFIO_ASSERT(write(monitor, text, len) == len, "monitor");
	do {
		read_line(line, size);
	} while (!strstr(line, mark));
}

/* Did it work? */
static bool ask(const char *request)
{
	char line[4096];

	exchange(request, line, sizeof(line));
	return !strstr(line, "\"error\":");
}

static const char *pf_name(void)
{
	return getenv("VFIO_MODEL_PF") ?: "pf0";
}

static void set_property(const char *property, const char *value)
{
	char request[256];

	snprintf(request, sizeof(request),
		 "\"qom-set\", \"arguments\": {\"path\": \"/machine/peripheral/%s\", \"property\": \"%s\", \"value\": %s}",
		 pf_name(), property, value);
	VFIO_ASSERT(ask(request), "%s = %s", property, value);
}

static unsigned long long get_number(const char *property)
{
	unsigned long long value;
	char request[256], line[4096], *result;

	snprintf(request, sizeof(request),
		 "\"qom-get\", \"arguments\": {\"path\": \"/machine/peripheral/%s\", \"property\": \"%s\"}",
		 pf_name(), property);
	exchange(request, line, sizeof(line));
	result = strstr(line, "\"return\": ");
	VFIO_ASSERT(result && sscanf(result, "\"return\": %llu", &value) == 1, "%s", property);
	return value;
}

static void set_number(const char *property, __u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", value);
	set_property(property, text);
}

static void set_text(const char *property, const char *value)
{
	char text[128];

	snprintf(text, sizeof(text), "\"%s\"", value);
	set_property(property, text);
}

const char *model_fault_open(void)
{
	const char *path = getenv("VFIO_MODEL_QMP");

	if (!path)
		return "VFIO_MODEL_QMP does not name the model's monitor";
	monitor = open(path, O_RDWR | O_CLOEXEC);
	if (monitor < 0)
		return "the model's monitor cannot be opened";
	/* Refused when an earlier program has said so; that is fine. */
	ask("\"qmp_capabilities\"");
	model_no_faults();
	return NULL;
}

void model_fault_close(void)
{
	if (monitor < 0)
		return;
	model_no_faults();
	close(monitor);
	monitor = -1;
}

void model_fail(const char *command, unsigned int nth, unsigned int status)
{
	set_number("x-fail-nth", nth);
	set_number("x-fail-status", status);
	/* Starts the count. */
	set_text("x-fail-cmd", command);
}

static void delay_nth(const char *command, unsigned int nth, unsigned int ms)
{
	set_number("x-delay-ms", ms);
	set_number("x-delay-nth", nth);
	/* Starts the count. */
	set_text("x-delay-cmd", command);
}

void model_delay(const char *command, unsigned int ms)
{
	delay_nth(command, 0, ms);
}

void model_delay_once(const char *command, unsigned int ms)
{
	delay_nth(command, 1, ms);
}

unsigned long long model_guest_errors(void)
{
	return get_number("x-guest-errors");
}

static const char * const behaviours[] = {
	"x-twice-fails", "x-suspend-ends-save", "x-query-in-save-fails",
	"x-suspended-track-fails", "x-track-fails", "x-track-silent", "x-track-ends",
	"x-track-forgets", "x-track-ends-within", "x-track-no-event",
};

void model_behave(const char *knob, bool on)
{
	set_number(knob, on);
}

unsigned int model_function_of(const char *bdf)
{
	unsigned int domain, bus, slot, function, pf_slot, pf_function;
	char pf[VFIO_BDF_LEN];

	VFIO_ASSERT(!__vfio_physfn_of(bdf, pf, sizeof(pf)), "%s has no PF", bdf);
	VFIO_ASSERT(sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &function) == 4 &&
		    sscanf(pf, "%x:%x:%x.%x", &domain, &bus, &pf_slot, &pf_function) == 4,
		    "%s or %s is no address", bdf, pf);
	return slot * 8 + function - pf_slot * 8 - pf_function;
}

void model_dma_write(unsigned int function, unsigned long long iova, unsigned long long bytes,
		     unsigned int count, unsigned int seed)
{
	char text[96];

	snprintf(text, sizeof(text), "%u:0x%llx:%llu:%u:%u", function, iova, bytes, count, seed);
	set_text("x-dma-write", text);
}

void model_save_next(unsigned int bytes)
{
	set_number("x-save-next", bytes);
}

void model_pcie_error(void)
{
	const char *port = getenv("VFIO_MODEL_PORT");
	char request[256];

	snprintf(request, sizeof(request),
		 "\"human-monitor-command\", \"arguments\": {\"command-line\": \"pcie_aer_inject_error %s COMP_ABORT\"}",
		 port ? port : "rp0");
	VFIO_ASSERT(ask(request), "error of %s", port ? port : "rp0");
}

/* "unrecoverable hardware error", as mlx5_core calls it */
#define SYNDROME	8

void model_firmware_dies(bool asks_for_reset)
{
	set_number("x-fatal-no-request", !asks_for_reset);
	set_number("x-fatal-function", 0);
	set_number("x-fatal", SYNDROME);
}

bool model_firmware_has(const char *property)
{
	const char *list = getenv("VFIO_MODEL_FIRMWARE");
	size_t len = strlen(property);

	for (list = list ?: "multi-load tracking"; *list; list += strspn(list, " ")) {
		size_t word = strcspn(list, " ");

		if (word == len && !memcmp(list, property, len))
			return true;
		list += word;
	}
	return false;
}

void model_pad_images(__u64 bytes)
{
	set_number("image-pad", bytes);
}

void model_no_faults(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(behaviours); i++)
		model_behave(behaviours[i], model_firmware_has(behaviours[i]));
	set_text("x-fail-cmd", "");
	set_text("x-delay-cmd", "");
	set_number("x-save-next", 0);
}
