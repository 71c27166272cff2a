"""How the files are dealt out when several workers take them side by side."""

from pathlib import Path

from xdist.scheduler import LoadFileScheduling

# What takes longest is begun first, so that all workers end at about the same time; and what mostly
# waits, so that others work meanwhile.
KINDS = ("browser", "processes", "transactional", "dev", "pure")
LONG = ("test_time_limits", "test_alarm", "test_new_addon", "test_documentation",
        "test_administration", "test_upgrade", "test_inbox", "test_random_kills",
        "test_event_writing", "test_items_and_kills", "test_migrations",
        "test_accessibility", "test_other_companies", "test_components",
        "test_masking")  # fmt: skip


class Scheduling(LoadFileScheduling):
    """A worker keeps to one kind while there are files of it.

    What the tests of a kind share (databases, servers) is then made by as few workers as can be.
    """

    def _assign_work_unit(self, node):
        own = {_kind(file) for file in self.assigned_work[node]}
        begun = {_kind(file) for files in self.assigned_work.values() for file in files}
        best = min(self.workqueue, key=lambda file: _rank(file, own, begun))
        self.workqueue.move_to_end(best, last=False)
        super()._assign_work_unit(node)


def _rank(file, own, begun):
    kind = _kind(file)
    order = KINDS.index(kind) if kind in KINDS else len(KINDS)
    return kind not in own, kind in begun, order, Path(file).stem not in LONG


def _kind(file):
    return Path(file).parts[1]
