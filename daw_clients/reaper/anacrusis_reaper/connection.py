"""What one script holds while it is connected: a project, a session, and what goes on between them.

``tick`` is called some thirty times a second by the script's defer loop and never waits. Everything
that goes wrong ends as one line in the console.
"""

from __future__ import annotations

from typing import Any, Callable

from .api import Api
from .follow import Follow
from .handles import Item, Project
from .item_sound import read_item
from .loras import LoraPlaces
from .midi_notes import notes_of
from .morph import LANE, begin_morph, end_morph, plan_morph
from .placing import Bar, lay_on_new_track, taken_over
from .project_sync import ProjectSync, Snapshot, summary
from .refusal import RefusedError
from .rendering import rendered_bars
from .session import Link, Session, gone
from .tasks import Part, Runner, Task
from .upload import no_source, place_ppq, source_use, upload

DEFAULT_RATE_HZ = 48_000
RATE_STEP_HZ = 25


class Connection:
    """See the module. ``say`` prints a line; ``is_over``: there is nothing more to tick for."""

    def __init__(self, api: Api, link: Link, token: str, say: Callable[[str], None]) -> None:
        self._api, self._token, self._say = api, token, say
        self.project: Project = api.project()
        api.bind(self.project)
        self._session = Session(link, api.now_s)
        self._runner = Runner(self._refused)
        self._sync: ProjectSync | None = None
        self._loras = LoraPlaces(self._session, say)
        self._follow: Follow | None = None
        self._source: dict[str, Any] = no_source("source")
        self._said = ""
        self.is_over = False
        self._actions: dict[str, Callable[[], Task]] = {
            "send project": self._send_project,
            "send item": self._send_item,
            "send notes": self._send_notes,
            "render": self._render,
            "follow": self._toggle_follow,
            "morph": self._morph,
        }
        self._runner.add(self._greet())

    def act(self, action: str) -> None:
        """Does one of the actions, after those that are under way."""
        if action == "disconnect":
            self.close("Disconnected.")
        elif self._api.project() != self.project:
            name = self._api.project_file(self.project) or "another project"
            self._say(f"Connected for {name}: go to its tab, or connect here anew.")
        else:
            self._runner.add(self._actions[action]())

    def tick(self) -> None:
        """One turn."""
        if self.is_over:
            return
        if not self._api.is_open(self.project):
            self.close("The project is closed; disconnected.")
            return
        try:
            self._session.pump()
        except RefusedError as error:
            self.close(error.message)
            return
        self._pass_on()
        self._runner.step()
        self._tick_follow()
        if not self.is_over and not self._session.link.is_open:
            self._say_once(gone().message)
            self.close("")

    def close(self, words: str) -> None:
        """Ends everything; ``words`` say why, if there is anything to say."""
        self.is_over = True
        self._runner.drop()
        if self._follow is not None:
            self._follow.end()
            self._follow = None
        self._session.close()
        if words:
            self._say(words)

    # ------------------------------------------------------------ actions

    def _greet(self) -> Task:
        rate_hz = self._api.rate_hz(self.project) or DEFAULT_RATE_HZ
        if rate_hz % RATE_STEP_HZ:
            words = "The project's rate of {} Hz is no multiple of {}; change it."
            raise RefusedError("OUT_OF_RANGE", "rate", words.format(rate_hz, RATE_STEP_HZ))
        yield from self._session.greet(self._token, rate_hz, "REAPER " + self._api.version())
        self._sync = ProjectSync(self._api, self.project, self._session)
        model = self._session.welcome["model"]["name"]
        self._say(f"Connected to {model} at {rate_hz} Hz.")

    def _send_project(self) -> Task:
        now, sent = yield from self._synced()
        self._say(summary(sent, now.carrier))

    def _send_item(self) -> Task:
        now, _ = yield from self._synced()
        item = self._one_item()
        sound = yield from read_item(self._api, item, now.song, self._session.rate_hz)
        name = yield from upload(self._session, sound)
        at_ppq = place_ppq(now.song, sound)
        use = source_use(name, "source", at_ppq, sound, 0)
        yield self._session.ask(use)
        self._source = use
        bar = now.song.meter.bar_at(at_ppq) + 1
        words = "The source is {!r} from bar {} on, {}."
        self._say(words.format(sound.name, bar, sound.how))

    def _send_notes(self) -> Task:
        now, _ = yield from self._synced()
        notes = notes_of(self._api, self._one_item(), now.song)
        revision = self._session.next_revision()
        yield self._session.ask({"type": "notes", "revision": revision, "notes": notes})
        self._say(f"Sent {len(notes)} notes.")

    def _render(self) -> Task:
        start_s, end_s = self._api.time_selection(self.project)
        if end_s <= start_s:
            words = "Make a time selection first: the bars that it touches are rendered."
            raise RefusedError("NOTHING_SELECTED", "time selection", words)
        now, _ = yield from self._synced()
        first, end = now.song.bars_of(start_s, end_s)
        bars = yield from self._bars(now, (first, end))
        self._lay(bars, f"Anacrusis bars {first + 1}-{end}")

    def _morph(self) -> Task:
        now, _ = yield from self._synced()
        api, items = self._api, self._api.selected_items(self.project)
        selection_s = api.time_selection(self.project)
        plan = yield from plan_morph(api, items, selection_s, now.song, self._session.rate_hz)
        try:
            yield from begin_morph(self._session, plan, now.song)
            bars = yield from self._bars(now, plan.bars)
        finally:
            self._runner.add(self._undo_morph())
        name = f"Anacrusis {plan.a.name} to {plan.b.name}"
        self._lay(bars, name)

    def _undo_morph(self) -> Task:
        assert self._sync is not None
        self._sync.forget(LANE)
        yield from end_morph(self._session, self._source)

    def _toggle_follow(self) -> Task:
        if self._follow is not None:
            self._follow.end()
            self._follow = None
            self._say("Following ends.")
            return
        now, _ = yield from self._synced()
        assert self._sync is not None
        follow = Follow(self._api, self.project, self._session, self._sync)
        yield from follow.begin(now)
        self._follow = follow
        self._say("Following: bars come ahead of the play cursor on their own track.")

    # ------------------------------------------------------------ parts

    def _synced(self) -> Part:
        """The project as it is, told; returns the snapshot and the names of what was sent."""
        if self._sync is None:
            raise gone()
        now = self._sync.snapshot()
        sent = yield from self._told(now)
        return now, sent

    def _told(self, now: Snapshot) -> Part:
        assert self._sync is not None
        for words in self._sync.new_remarks(now):
            self._say(words)
        sent: list[str] = yield from self._sync.tell(now)
        if self._follow is not None:
            self._follow.told(now, "tempo map" in sent)
        places: list[str] = yield from self._loras.tell(now.loras)
        return sent + places

    def _follow_edit(self, now: Snapshot) -> Task:
        try:
            sent: list[str] = yield from self._told(now)
        except RefusedError as error:
            self._say_once(error.message)  # the next edit will meet it again
            return
        if sent:
            self._say(summary(sent, now.carrier))

    def _bars(self, now: Snapshot, bars: tuple[int, int]) -> Part:
        self._say(f"Rendering bars {bars[0] + 1}-{bars[1]}.")
        folder = self._api.media_folder(self.project)
        return rendered_bars(
            self._session, bars, now.window_bars, lambda found: taken_over(found, folder)
        )

    def _lay(self, bars: list[Bar], name: str) -> None:
        lay_on_new_track(self._api, self.project, bars, name)
        words = "{} bars are on the new track {!r}; one undo takes them away."
        self._say(words.format(len(bars), name))

    def _one_item(self) -> Item:
        items = self._api.selected_items(self.project)
        if len(items) != 1:
            words = f"Select one item ({len(items)} are selected)."
            raise RefusedError("NOTHING_SELECTED", "item", words)
        return items[0]

    # ------------------------------------------------------------ inside

    def _tick_follow(self) -> None:
        if self._follow is None:
            return
        try:
            self._follow.tick()
            edited = None if self._runner.busy else self._follow.edits()
        except RefusedError as error:
            self._follow.end()
            self._follow = None
            self._refused(error)
            return
        if edited is not None:
            self._runner.add(self._follow_edit(edited))

    def _pass_on(self) -> None:
        """Words that answer nothing, and refusals of what nobody waits for."""
        for kind in ("notice", "error"):
            for message in self._session.heard(kind):
                if message.get("code") != "NO_ENGINE":
                    self._say_once(str(message.get("message")))

    def _refused(self, error: RefusedError) -> None:
        if error.code != "NO_ENGINE":  # all that waits is told of that at once
            self._said = ""
        self._say_once(error.message)
        if self._sync is None:
            self.close("")

    def _say_once(self, words: str) -> None:
        """Not twice in a row."""
        if words != self._said:
            self._say(words)
        self._said = words
