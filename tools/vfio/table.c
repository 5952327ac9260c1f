// SPDX-License-Identifier: GPL-2.0-only
/* Text for a terminal: columns, lines that fit, and colour where there is any. */

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "table.h"

#define DEFAULT_COLUMNS	80
/* Narrower than this, nothing would fit that is worth it. */
#define MIN_COLUMNS	40
#define GAP		2

static const char *const colours[] = {
	[TABLE_PLAIN] = "", [TABLE_BOLD] = "\033[1m", [TABLE_GREEN] = "\033[32m",
	[TABLE_RED] = "\033[31m", [TABLE_YELLOW] = "\033[33m",
};

struct table_style table_style(void)
{
	struct table_style style = { .out = stdout, .columns = DEFAULT_COLUMNS };
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return style;
	style.colour = !getenv("NO_COLOR");
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_col)
		style.columns = size.ws_col < MIN_COLUMNS ? MIN_COLUMNS : size.ws_col;
	return style;
}

static void print_coloured(const struct table_style *style, enum table_colour colour,
			   const char *text, int len)
{
	bool on = style->colour && colour != TABLE_PLAIN;

	fprintf(style->out, "%s%.*s%s", on ? colours[colour] : "", len, text, on ? "\033[0m" : "");
}

void table_print(const struct table_style *style, const char *const *cells, int rows, int columns)
{
	int widths[TABLE_MAX_COLUMNS] = { }, row, column, len;
	const char *cell;

	for (row = 0; row < rows; row++) {
		for (column = 0; column < columns; column++) {
			len = strlen(cells[row * columns + column]);
			if (len > widths[column])
				widths[column] = len;
		}
	}
	for (row = 0; row < rows; row++) {
		for (column = 0; column < columns; column++) {
			cell = cells[row * columns + column];
			len = strlen(cell);
			print_coloured(style, row ? TABLE_PLAIN : TABLE_BOLD, cell, len);
			if (column + 1 < columns)
				fprintf(style->out, "%*s", widths[column] - len + GAP, "");
		}
		fputc('\n', style->out);
	}
}

/* How much of a text fits into some columns: to its last blank there, or the whole first word. */
static int fitting(const char *text, int columns)
{
	int len = strlen(text), i;

	if (len <= columns)
		return len;
	for (i = columns; i > 0; i--) {
		if (text[i] == ' ')
			return i;
	}
	return strcspn(text, " ");
}

void table_wrap(const struct table_style *style, int indent, enum table_colour colour,
		const char *head, const char *text)
{
	int len = strlen(head);

	print_coloured(style, colour, head, len);
	fprintf(style->out, "%*s", len < indent ? indent - len : 1, "");
	while (text[0]) {
		len = fitting(text, style->columns - indent);
		fprintf(style->out, "%.*s\n", len, text);
		text += len;
		text += strspn(text, " ");
		if (text[0])
			fprintf(style->out, "%*s", indent, "");
	}
}
