/* SPDX-License-Identifier: GPL-2.0-only */
/* What every file of the agent may use. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

#endif
