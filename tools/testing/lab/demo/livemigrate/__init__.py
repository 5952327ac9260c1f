# SPDX-License-Identifier: GPL-2.0-only
"""Live migration of a guest with a VF between two stock QEMUs, and its picture."""
