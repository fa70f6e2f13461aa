# SPDX-License-Identifier: LGPL-2.1-or-later
"""A plugin of dnf 4 that trees composed by Treeline have beside dnf: dnf looks, Treeline changes."""

import os

import dnf
import dnf.exceptions

HINT = (
    "this system is one read-only tree, which dnf can't change. Use 'treeline upgrade' for updates and 'treeline install PACKAGE' for more packages; "
    "'dnf --installroot' works on other trees."
)


def is_read_only():
    """A booted tree is; while it is unlocked (`ostree admin unlock`), /usr is writable and dnf may do as it likes."""
    return os.path.exists('/run/ostree-booted') and not os.access('/usr', os.W_OK)


class Treeline(dnf.Plugin):
    name = 'treeline'

    def resolved(self):
        """Called when it is known what would be done, before anything is downloaded or asked."""
        conf = self.base.conf
        changes = len(self.base.transaction or ()) > 0
        if changes and conf.installroot == '/' and not conf.downloadonly and is_read_only():
            raise dnf.exceptions.Error(HINT)
