/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef VFIOCTL_TABLE_H
#define VFIOCTL_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#define TABLE_MAX_COLUMNS	8

/**
 * enum table_colour - of a piece of text, where there is colour
 */
enum table_colour {
	TABLE_PLAIN,
	TABLE_BOLD,
	TABLE_GREEN,
	TABLE_RED,
	TABLE_YELLOW,
};

/**
 * struct table_style - how text is shown
 * @out: where
 * @colour: there is colour
 * @columns: of the terminal
 */
struct table_style {
	FILE *out;
	bool colour;
	int columns;
};

/**
 * table_style() - of standard output
 *
 * Colour is for terminals, unless NO_COLOR is set; who is no terminal has 80 columns.
 *
 * Return: the style.
 */
struct table_style table_style(void);

/**
 * table_print() - rows in columns that are as wide as they must be
 * @style: how
 * @cells: the rows one after the other, the first one is the heading
 * @rows: how many, with the heading
 * @columns: of the table, no more than TABLE_MAX_COLUMNS
 */
void table_print(const struct table_style *style, const char *const *cells, int rows, int columns);

/**
 * table_wrap() - a text behind some words of its own, cut at blanks to fit
 * @style: how
 * @indent: where the text and the lines that follow begin
 * @colour: of @head
 * @head: what stands before the text, on the first line
 * @text: the text
 */
void table_wrap(const struct table_style *style, int indent, enum table_colour colour,
		const char *head, const char *text);

#endif
