#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the commands of documents, in order, in one shell, and compares what they print.

A command is a line of a literal block that begins with the prompt "# " or "$ "; a line that ends
with a backslash goes on. What follows up to the next prompt is what it prints: compared word by
word, "..." stands for anything; when nothing follows the output is not looked at. A command
must succeed, unless the document shows an error of it.

A comment ".. test: STAGE ARGS" (in Markdown "<!-- test: STAGE ARGS -->") runs the function
stage_STAGE of the stages file, which brings the machine to where the text is.

Every literal block must have commands, and every command must run: what cannot is in the list
of exceptions, with the reason, which is printed. An exception that is not needed is an error.
"""

import argparse
import os
import re
import subprocess
import sys
import threading

PROMPT = re.compile(r"^[#$] ")
STAGE = re.compile(r"^(?:\.\. test: |<!-- test: )(.*?)(?: -->)?$")
SHELL = re.compile(r"^(?:/bin/)?bash: (?:line \d+: )?")
# How a document shows that a command fails: the shell, a tool, or vfio-flavour says it.
FAILURE = re.compile(r"error: |ERROR: |to mend it: ")
COMMAND_SECONDS = 120
MARK = "docs.py:end-of-command"


class Step:
    """A command or a stage, and where it stands."""

    def __init__(self, kind, line, text):
        self.kind = kind
        self.line = line
        self.text = text
        self.output = []


def literal_blocks(lines, markdown):
    """Yields (number, text) of lines: text is None outside of literal blocks."""
    inside, indent = False, 0
    for number, line in enumerate(lines, 1):
        if markdown:
            fence = line.lstrip().startswith("```")
            if fence:
                inside = not inside
                indent = len(line) - len(line.lstrip())
            yield number, line[indent:] if inside and not fence else None
            continue
        width = len(line) - len(line.lstrip())
        if inside and line.strip() and width <= indent:
            inside = False
        if not inside:
            yield number, None
            if line.rstrip().endswith("::") and not line.startswith(".. "):
                inside, indent = True, width
        else:
            yield number, line.strip("\n") if line.strip() else ""


def parse(path):
    """Steps of a document in order, and its literal blocks without a command."""
    steps, silent, block = [], [], []
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")

    def end_block():
        if block and not any(PROMPT.match(text) for _, text in block):
            silent.append(block[0])
        block.clear()

    margin, goes_on = 0, False
    for number, text in literal_blocks(lines, path.endswith(".md")):
        if text is None:
            end_block()
            margin = 0
            stage = STAGE.match(lines[number - 1].strip())
            if stage:
                steps.append(Step("stage", number, stage.group(1)))
            continue
        if text.strip() and not block:
            margin = len(text) - len(text.lstrip())
        text = text[margin:]
        if text.strip():
            block.append((number, text))
        if goes_on:
            steps[-1].text += "\n" + text
        elif PROMPT.match(text):
            steps.append(Step("command", number, text[2:]))
        elif text.strip() and any(PROMPT.match(before) for _, before in block[:-1]):
            steps[-1].output.append(text)
        goes_on = text.endswith("\\") and (goes_on or PROMPT.match(text) is not None)
    end_block()
    return steps, silent


class Shell:
    """One bash, so that what a command sets holds for the next."""

    def __init__(self, stages, seconds):
        self.seconds = seconds
        self.process = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace")
        self.run(f". {stages}")

    def run(self, command):
        """Status and output; a command that does not end costs the shell its life."""
        pipe = self.process.stdin
        pipe.write(f"{{ {command}\n}} </dev/null\ndocs_status=$?; echo; echo {MARK} $docs_status\n")
        pipe.flush()
        timer = threading.Timer(self.seconds, self.process.kill)
        timer.start()
        output = []
        for line in self.process.stdout:
            if line.startswith(MARK):
                timer.cancel()
                # The empty line before the mark is ours.
                text = "".join(output)
                return int(line.split()[1]), text[:-1] if text.endswith("\n") else text
            output.append(line)
        timer.cancel()
        sys.exit(f"Bail out! '{command}' did not end:\n" + "".join(output))


def words(text):
    return " ".join(SHELL.sub("bash: ", line) for line in text.split("\n")).split()


def matches(expected, output):
    """Is the output the expected one, where "..." stands for anything?"""
    parts = [re.escape(part.strip()).replace(r"\ ", " ")
             for part in " ".join(words("\n".join(expected))).split("...")]
    pattern = ".*".join(f" ?{part} ?" if part else "" for part in parts)
    return re.fullmatch(pattern, " ".join(words(output))) is not None


class Documents:
    """Runs documents and tells the result as TAP."""

    def __init__(self, options):
        self.shell = Shell(options.stages, options.seconds)
        self.names = dict(pair.split("=", 1) for pair in options.name)
        self.exceptions = [line.split("\t") for line in options.exceptions]
        self.used = set()
        self.count = 0
        self.failed = 0

    def tell(self, good, text, details=()):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}")
        for line in details:
            print(f"# {line}")
        sys.stdout.flush()

    def exception(self, path, text):
        for document, pattern, reason in self.exceptions:
            if path.endswith(document) and re.search(pattern, text):
                self.used.add((document, pattern))
                return reason
        return None

    def translate(self, text, back=False):
        for name, here in sorted(self.names.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(here, name) if back else text.replace(name, here)
        return text

    def stage(self, where, step):
        name, *args = step.text.split()
        status, output = self.shell.run(
            self.translate(" ".join([f"stage_{name.replace('-', '_')}"] + args)))
        if status:
            self.tell(False, f"{where}: stage {step.text}", output.split("\n"))

    def command(self, where, step):
        status, output = self.shell.run(self.translate(step.text))
        output = self.translate(output, back=True)
        wanted = "\n".join(step.output)
        details = []
        if (status != 0) != bool(FAILURE.search(wanted)):
            details.append(f"status {status}")
        if step.output and not matches(step.output, output):
            details += ["the document shows:", *step.output]
        if details:
            details += ["it printed:", *output.split("\n")]
        self.tell(not details, f"{where}: {step.text.splitlines()[0]}", details)

    def run(self, path):
        name = os.path.basename(path)
        try:
            steps, silent = parse(path)
        except OSError as error:
            self.tell(False, f"{name}: can be read", [str(error)])
            return
        for number, text in silent:
            reason = self.exception(path, text)
            if reason:
                print(f"# {name}:{number}: no command: {reason}")
            else:
                self.tell(False, f"{name}:{number}: a literal block without a command: {text}")
        for step in steps:
            where = f"{name}:{step.line}"
            reason = self.exception(path, step.text) if step.kind == "command" else None
            if step.kind == "stage":
                self.stage(where, step)
            elif reason:
                self.count += 1
                print(f"ok {self.count} - {where}: {step.text.splitlines()[0]} # SKIP {reason}")
            else:
                self.command(where, step)
        if not any(step.kind == "command" for step in steps):
            self.tell(False, f"{name}: it has commands")

    def finish(self):
        for document, pattern, _ in self.exceptions:
            if (document, pattern) not in self.used:
                self.tell(False, f"{document}: the exception '{pattern}' is needed")
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--stages", required=True, help="shell file with the stages")
    parser.add_argument("--name", action="append", default=[], metavar="DOCUMENT=HERE",
                        help="a name in the documents and what it is on this machine")
    parser.add_argument("--exceptions", type=argparse.FileType("r"), default=None,
                        help="lines of: document, tab, regular expression, tab, reason")
    parser.add_argument("--seconds", type=int, default=COMMAND_SECONDS,
                        help="how long a command or a stage may take")
    parser.add_argument("documents", nargs="+")
    options = parser.parse_args()
    text = options.exceptions.read() if options.exceptions else ""
    options.exceptions = [line for line in text.split("\n") if line]
    documents = Documents(options)
    for path in options.documents:
        documents.run(path)
    return documents.finish()


if __name__ == "__main__":
    sys.exit(main())
