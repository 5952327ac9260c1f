// SPDX-License-Identifier: GPL-2.0-only
/* How a migration goes on: what its numbers tell one after the other, and how that looks. */

#include <stdarg.h>
#include <string.h>

#include "json.h"
#include "progress.h"
#include "quantity.h"

/* From nothing to the highest */
static const char levels[] = " .:-=+*#";

#define NR_LEVELS	((int)sizeof(levels) - 1)
#define LINE_SIZE	256

static bool is_over(enum numbers_result result)
{
	return result == NUMBERS_COMPLETE || result == NUMBERS_CANCELLED ||
	       result == NUMBERS_FAILED;
}

static long long bytes_of(const struct numbers *numbers)
{
	return numbers->initial.bytes + numbers->dirty.bytes + numbers->final.bytes +
	       numbers->loaded.bytes;
}

static void remember(struct progress *progress, long long rate)
{
	if (progress->nr_history == PROGRESS_HISTORY) {
		memmove(progress->history, progress->history + 1,
			sizeof(progress->history) - sizeof(progress->history[0]));
		progress->nr_history--;
	}
	progress->history[progress->nr_history++] = rate;
}

/* Another migration, with less than the last one had, has no rate yet. */
static long long rate_of(long long before, long long now, long long ms)
{
	return ms > 0 && now > before ? (now - before) * 1000 / ms : 0;
}

bool progress_add(struct progress *progress, const struct numbers *numbers, long long now_ms)
{
	long long ms = now_ms - progress->now_ms;
	bool had_begun = progress->begun;

	if (numbers->result == NUMBERS_ACTIVE)
		progress->begun = true;
	else if (progress->seen && memcmp(numbers, &progress->numbers, sizeof(*numbers)))
		progress->begun = progress->begun || is_over(numbers->result);
	if (progress->begun && !had_begun)
		progress->since_ms = now_ms;
	progress->rate = had_begun ? rate_of(bytes_of(&progress->numbers), bytes_of(numbers), ms) :
				     0;
	progress->dirty_rate = had_begun ? rate_of(progress->numbers.dirty.bytes,
						   numbers->dirty.bytes, ms) : 0;
	if (had_begun)
		remember(progress, progress->rate);
	progress->numbers = *numbers;
	progress->now_ms = now_ms;
	progress->seen = true;
	return progress->begun && !progress_ended(progress);
}

bool progress_ended(const struct progress *progress)
{
	return progress->begun && progress->numbers.result != NUMBERS_ACTIVE;
}

const char *progress_state(const struct numbers *numbers)
{
	const long long *us = numbers->arcs_us;

	if (numbers->result != NUMBERS_ACTIVE)
		return "";
	if (!strcmp(numbers->role, "load"))
		return us[ARC_RESUMING_TO_STOP] ? "STOP" : "RESUMING";
	if (us[ARC_STOP_TO_STOP_COPY] || us[ARC_PRE_COPY_TO_STOP_COPY] ||
	    us[ARC_PRE_COPY_P2P_TO_STOP_COPY])
		return us[ARC_STOP_COPY_TO_STOP] ? "STOP" : "STOP_COPY";
	if (us[ARC_PRE_COPY_TO_PRE_COPY_P2P] || us[ARC_RUNNING_P2P_TO_PRE_COPY_P2P])
		return "PRE_COPY_P2P";
	return us[ARC_RUNNING_TO_PRE_COPY] ? "PRE_COPY" : "";
}

static const char *state_or_result(const struct progress *progress)
{
	const char *state = progress_state(&progress->numbers);

	if (!progress->begun)
		return "none yet";
	return state[0] ? state : numbers_result_word(progress->numbers.result);
}

/* A line that does not fit is cut: it would be two, and the next picture be drawn too high. */
__printf(3, 4)
static int draw_line(FILE *out, int columns, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	fprintf(out, "%.*s\033[K\n", columns, line);
	return 1;
}

/* Nothing is nothing alone. */
static char level(long long rate, long long most)
{
	return rate ? levels[1 + (int)((double)rate * (NR_LEVELS - 2) / most)] : levels[0];
}

static void draw_history(const struct progress *progress, char text[PROGRESS_HISTORY + 1])
{
	long long most = 1;
	int i;

	for (i = 0; i < progress->nr_history; i++) {
		if (progress->history[i] > most)
			most = progress->history[i];
	}
	for (i = 0; i < progress->nr_history; i++)
		text[i] = level(progress->history[i], most);
	text[i] = '\0';
}

static int draw_part(const char *name, const struct numbers_part *part, FILE *out, int columns)
{
	char bytes[QUANTITY_SIZE];

	if (!part->bytes && !part->images)
		return 0;
	quantity_bytes(part->bytes, bytes);
	return draw_line(out, columns, "  %-9s%s in %lld image%s, %lld ms of the device", name,
			 bytes, part->images, part->images == 1 ? "" : "s", part->us / 1000);
}

int progress_draw(const struct progress *progress, const char *bdf, FILE *out, int columns)
{
	const struct numbers *numbers = &progress->numbers;
	char rate[QUANTITY_SIZE], dirty[QUANTITY_SIZE], history[PROGRESS_HISTORY + 1];
	int lines;

	quantity_bytes(progress->rate, rate);
	quantity_bytes(progress->dirty_rate, dirty);
	draw_history(progress, history);
	lines = draw_line(out, columns, "%s  %s, %s, %.1f s", bdf,
			  progress->begun ? numbers->role : "-", state_or_result(progress),
			  progress->begun ? (progress->now_ms - progress->since_ms) / 1000.0 : 0.0);
	lines += draw_part("initial", &numbers->initial, out, columns);
	lines += draw_part("dirty", &numbers->dirty, out, columns);
	lines += draw_part("final", &numbers->final, out, columns);
	lines += draw_part("loaded", &numbers->loaded, out, columns);
	lines += draw_line(out, columns, "  %-9s%s/s, of that changes %s/s", "rate", rate, dirty);
	lines += draw_line(out, columns, "  %-9s|%-*s|", "", PROGRESS_HISTORY, history);
	return lines;
}

void progress_line(const struct progress *progress, const char *bdf, FILE *out)
{
	char bytes[QUANTITY_SIZE], rate[QUANTITY_SIZE], dirty[QUANTITY_SIZE];

	if (!progress->begun) {
		fprintf(out, "%s: none yet\n", bdf);
		return;
	}
	quantity_bytes(bytes_of(&progress->numbers), bytes);
	quantity_bytes(progress->rate, rate);
	quantity_bytes(progress->dirty_rate, dirty);
	fprintf(out, "%s: %s, %s, %s, %s/s, changes %s/s\n", bdf, progress->numbers.role,
		state_or_result(progress), bytes, rate, dirty);
}

void progress_json(const struct progress *progress, const char *bdf, FILE *out)
{
	const struct numbers *numbers = &progress->numbers;
	struct json json = { .out = out, .one_line = true };

	json_open(&json, NULL, '{');
	json_text(&json, "device", bdf);
	json_number(&json, "ms", progress->now_ms - progress->since_ms);
	json_text(&json, "role", numbers->role);
	json_text(&json, "state", progress_state(numbers));
	json_text(&json, "result", numbers_result_word(numbers->result));
	json_number(&json, "error", numbers->error);
	json_number(&json, "passes", numbers->passes);
	json_number(&json, "initial_bytes", numbers->initial.bytes);
	json_number(&json, "dirty_bytes", numbers->dirty.bytes);
	json_number(&json, "final_bytes", numbers->final.bytes);
	json_number(&json, "loaded_bytes", numbers->loaded.bytes);
	json_number(&json, "bytes_per_s", progress->rate);
	json_number(&json, "dirty_bytes_per_s", progress->dirty_rate);
	json_close(&json);
}
