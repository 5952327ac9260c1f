// SPDX-License-Identifier: GPL-2.0-only
/* Where the trace event of vhca_trace.h is */
#define CREATE_TRACE_POINTS
#include "vhca_trace.h"
