// SPDX-License-Identifier: GPL-2.0-only
/* Versions of the programs that migrate guests, as they tell them themselves. */

#include <errno.h>
#include <stdio.h>

#include "bounded.h"
#include "config.h"
#include "program.h"

#define PROGRAM_SECONDS	10

static int ask_version(const void *question, void *answer)
{
	FILE *program = popen(question, "r");
	int ret = -ENOENT;
	char line[256];

	if (program && fgets(line, sizeof(line), program) && config_version(line, answer))
		ret = 0;
	if (program)
		pclose(program);
	return ret;
}

int program_version(const char *command, struct config_version *version)
{
	return bounded_ask(ask_version, command, version, sizeof(*version), PROGRAM_SECONDS);
}
