# SPDX-License-Identifier: GPL-2.0-only
"""The guides as one set of HTML pages: "make html"."""

import os
import re

from docutils import nodes
from docutils.parsers.rst import Directive, directives

project = "vfio-mlx5"
copyright = "the vfio-mlx5 developers, GPL-2.0"
master_doc = "index"
html_theme = "alabaster"
html_theme_options = {
    "description": "Live migration of guests with ConnectX VFs on stock Debian hosts",
    "page_width": "min(80em, 100%)",
    "sidebar_width": "18em",
    # A command of a session has up to 100 characters
    "body_max_width": "60em",
    "fixed_sidebar": False,
}
html_sidebars = {"**": ["about.html", "navigation.html", "searchbox.html"]}
html_copy_source = False
html_title = project
html_static_path = ["static"]
html_css_files = ["guides.css"]
# Literal blocks are sessions, tables of bytes and drawings: no one language.
highlight_language = "none"
nitpicky = True
# What scripts/html puts beside the guides for the directive below
exclude_patterns = ["source"]


class KernelDoc(Directive):
    """What the kernel's own directive of that name is for, as far as these guides use it.

    The comments of a source file are shown as they are written, each under its first line; with
    ":export:" those of exported symbols alone.
    """

    required_arguments = 1
    option_spec = {"export": directives.flag}

    def run(self):
        env = self.state.document.settings.env
        path = os.path.join(env.app.srcdir, "source", self.arguments[0])
        env.note_dependency(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        exported = set(re.findall(r"^EXPORT_SYMBOL\w*\((\w+)", text, re.M))
        result = []
        for comment in re.findall(r"^/\*\*\n(.*?)^ \*/$", text, re.M | re.S):
            lines = [line[3:] for line in comment.split("\n")]
            title = lines[0]
            name = re.sub(r"^(struct|enum|typedef) ", "", title)
            if "export" in self.options and re.match(r"\w*", name).group() not in exported:
                continue
            result.append(nodes.paragraph("", "", nodes.strong("", title)))
            rest = "\n".join(lines[1:]).strip("\n")
            if rest:
                result.append(nodes.literal_block(rest, rest))
        if not result:
            raise self.error(f"{self.arguments[0]}: no kernel-doc")
        return result


def link_documents(app, doctree, docname):
    """Makes links with their titles of other guides, which the text names as files."""
    for text in list(doctree.findall(nodes.Text)):
        if isinstance(text.parent, (nodes.literal, nodes.literal_block, nodes.reference)):
            continue
        pieces = re.split(r"([\w/.-]*[\w-]\.rst)\b", text.astext())
        new = []
        for piece in pieces:
            name = piece.removeprefix("Documentation/").removesuffix(".rst")
            beside = os.path.join(os.path.dirname(docname), name)
            target = next((doc for doc in (beside, name) if doc in app.env.found_docs), None)
            if piece.endswith(".rst") and target and target != docname:
                title = app.env.titles[target].astext()
                link = nodes.reference("", "", nodes.emphasis("", title), internal=True)
                link["refuri"] = app.builder.get_relative_uri(docname, target)
                new.append(link)
            else:
                new.append(nodes.Text(piece))
        if len(new) > 1:
            text.parent.replace(text, new)


def setup(app):
    app.add_directive("kernel-doc", KernelDoc)
    app.connect("doctree-resolved", link_documents)
