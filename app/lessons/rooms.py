"""A class: a room with a code, guesses by stop, drawings; in one SQLite file that the processes of a machine share.

    rooms = Rooms(folder)
    opened = rooms.open("tour")                      {"code": "K7QM2X", "key": "…"}: the key is the teacher's
    member = rooms.join(opened["code"])              a token for one browser; no name, no account
    rooms.guess(code, member, "why", "2")            confirmed when it returns: it is on disk
    rooms.counts(code, key, "why")                   {"members": 1, "bars": {"2": 1}}

Write-ahead log with synchronous=NORMAL: a killed process loses nothing that was confirmed; a machine without power may lose
the last moments, and never breaks the file. Rooms end after a day. All is bounded: rooms, members, guesses, bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pooch

from app.lessons import words

LOG = logging.getLogger(__name__)
DAY = 24 * 3600.0
IDLE = 3600.0  # seconds without a request of its teacher or a guess, after which a room gives way where all are taken
MOST_ROOMS, MOST_MEMBERS, MOST_STOPS = 200, 400, 60
LONGEST_GUESS, LONGEST_DRAWING, LONGEST_LINK = 40, 8_000, 4_000
MOST_DRAWN = 400 * 2_000  # bytes of all drawings of a room
MOST_LINKS, MOST_LESSONS = 10_000, 200
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is read as another
CODE, KEY, HASH = 6, 16, 64  # letters of a code, bytes of a key, characters of its hash
BUSY = 10.0  # seconds that a write waits for another process

SCHEMA = """
CREATE TABLE IF NOT EXISTS rooms (
    code TEXT PRIMARY KEY, key TEXT NOT NULL, lesson TEXT NOT NULL, made REAL NOT NULL, seen REAL NOT NULL,
    stop INTEGER NOT NULL DEFAULT 0, link TEXT NOT NULL DEFAULT '', turn INTEGER NOT NULL DEFAULT 0,
    leads INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS members (
    code TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, member TEXT NOT NULL, PRIMARY KEY (code, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS guesses (
    code TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, stop TEXT NOT NULL, member TEXT NOT NULL, guess TEXT NOT NULL,
    PRIMARY KEY (code, stop, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS drawings (
    code TEXT NOT NULL REFERENCES rooms ON DELETE CASCADE, member TEXT NOT NULL, picture TEXT NOT NULL,
    PRIMARY KEY (code, member)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS links (short TEXT PRIMARY KEY, query TEXT NOT NULL UNIQUE, made REAL NOT NULL);
CREATE TABLE IF NOT EXISTS lessons (name TEXT PRIMARY KEY, text TEXT NOT NULL, made REAL NOT NULL);
"""


PLACE = "LINEARIZER_ROOMS"  # the folder


@lru_cache(maxsize=1)
def rooms() -> Rooms:
    """The rooms of this server, in the folder that it was started with."""
    return Rooms(Path(os.environ.get(PLACE) or pooch.os_cache("linearizer-lab") / "rooms"))


def _hashed(token: str) -> str:
    """What is kept of a token, `HASH` characters: who reads the file cannot act for anybody."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class BusyError(ValueError):
    """The rooms cannot be read or written just now: nothing was done, and the same may be asked again."""


class _Mine(threading.local):
    """A thread's connection, and the file that it was opened on."""

    db: sqlite3.Connection | None = None
    which: tuple[int, int] | None = None


class Rooms:
    """The rooms in `folder`/rooms.db; `clock` tells seconds, `most` how many rooms there may be.

    ValueError with a sentence for a folder that cannot be written, and from every method for what it refuses;
    BusyError where the disk is full or another process does not let go of the file.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time, most: int = MOST_ROOMS) -> None:
        self.file, self.clock, self.most = folder / "rooms.db", clock, most
        self._mine = _Mine()
        try:
            self._make()
        except (OSError, sqlite3.Error) as error:
            raise ValueError(words.no_folder(str(folder), str(error))) from None

    def _make(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(self._opened()) as db:
            db.execute("BEGIN IMMEDIATE")
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            db.execute("COMMIT")

    def _which(self) -> tuple[int, int] | None:
        """The file that bears the name now; None for none. What is written to one that was taken away is lost."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _opened(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.file, timeout=BUSY, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            db.execute(f"PRAGMA {pragma}")
        return db

    @contextlib.contextmanager
    def _db(self) -> Iterator[sqlite3.Connection]:
        """This thread's connection, kept until something goes wrong with it, or with the file. BusyError with a sentence."""
        try:
            if self._mine.which != self._which():
                self._leave()
            if self._mine.db is None:
                if self._which() is None:
                    LOG.warning("%s was taken away, with all its rooms; it is made anew", self.file)
                    self._make()
                self._mine.db, self._mine.which = self._opened(), self._which()
            yield self._mine.db
        except (OSError, sqlite3.Error) as error:
            self._leave()
            LOG.warning("The rooms in %s: %s", self.file, error)
            raise BusyError(words.ROOMS_BUSY) from error

    def _leave(self) -> None:
        if self._mine.db is not None:
            self._mine.db.close()  # undoes what had begun
            self._mine.db = None

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it is written when it ends, or nothing."""
        with self._db() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except ValueError:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    # --- rooms ---------------------------------------------------------------------------------------------------
    def open(self, lesson: str) -> dict[str, str]:
        """A new room: its code for the class, its key for the teacher."""
        code = "".join(secrets.choice(LETTERS) for _ in range(CODE))
        key, now = secrets.token_urlsafe(KEY), self.clock()
        with self._change() as db:
            db.execute("DELETE FROM rooms WHERE made < ?", (now - DAY,))
            (count,) = db.execute("SELECT count(*) FROM rooms").fetchone()
            if count >= self.most:
                idle = "SELECT code FROM rooms WHERE seen < ? ORDER BY seen LIMIT 1"
                db.execute(f"DELETE FROM rooms WHERE code IN ({idle})", (now - IDLE,))
                if not db.execute("SELECT changes()").fetchone()[0]:
                    raise ValueError(words.NO_ROOM_LEFT)
            row = (code, _hashed(key), lesson, now, now)
            db.execute("INSERT INTO rooms (code, key, lesson, made, seen) VALUES (?, ?, ?, ?, ?)", row)
        return {"code": code, "key": key}

    def census(self) -> dict[str, int]:
        """How many rooms there are, and members of them."""
        joined = "SELECT count(*) FROM members JOIN rooms USING (code) WHERE made >= ?"
        newest = (self.clock() - DAY,)
        with self._db() as db:
            (count,) = db.execute("SELECT count(*) FROM rooms WHERE made >= ?", newest).fetchone()
            return {"open": count, "members": db.execute(joined, newest).fetchone()[0]}

    def _room(self, db: sqlite3.Connection, code: str) -> sqlite3.Row:
        cursor = db.cursor()
        cursor.row_factory = sqlite3.Row
        found = cursor.execute(
            "SELECT * FROM rooms WHERE code = ? AND made >= ?", (code.upper(), self.clock() - DAY)
        ).fetchone()
        if found is None:
            raise ValueError(words.NO_ROOM)
        return found

    def _taught(self, db: sqlite3.Connection, code: str, key: str) -> sqlite3.Row:
        found = self._room(db, code)
        if not secrets.compare_digest(found["key"], _hashed(key)):
            raise ValueError(words.NO_KEY)
        return found

    def _joined(self, db: sqlite3.Connection, code: str, member: str) -> sqlite3.Row:
        found = self._room(db, code)
        if not db.execute(
            "SELECT 1 FROM members WHERE code = ? AND member = ?", (found["code"], _hashed(member))
        ).fetchone():
            raise ValueError(words.NO_MEMBER)
        return found

    def close(self, code: str, key: str) -> None:
        """The room is gone, with all that was said in it."""
        with self._change() as db:
            db.execute("DELETE FROM rooms WHERE code = ?", (self._taught(db, code, key)["code"],))

    # --- members -------------------------------------------------------------------------------------------------
    def join(self, code: str) -> dict[str, str]:
        """A place in the room, for one browser."""
        member = secrets.token_urlsafe(KEY)
        with self._change() as db:
            room = self._room(db, code)
            (count,) = db.execute("SELECT count(*) FROM members WHERE code = ?", (room["code"],)).fetchone()
            if count >= MOST_MEMBERS:
                raise ValueError(words.room_full(MOST_MEMBERS))
            db.execute("INSERT INTO members VALUES (?, ?)", (room["code"], _hashed(member)))
        return {"member": member, "code": room["code"], "lesson": room["lesson"]}

    def guess(self, code: str, member: str, stop: str, guess: str) -> None:
        """One's guess at a stop; the first one counts, and the same again changes nothing."""
        if not 0 < len(guess) <= LONGEST_GUESS:
            raise ValueError(words.LONG_GUESS)
        with self._change() as db:
            room = self._joined(db, code, member)["code"]
            stops = db.execute(
                "SELECT count(DISTINCT stop) FROM guesses WHERE code = ? AND member = ? AND stop != ?",
                (room, _hashed(member), stop),
            )
            if stops.fetchone()[0] >= MOST_STOPS:
                raise ValueError(words.LONG_GUESS)
            row = (room, stop, _hashed(member), guess)
            db.execute("INSERT OR IGNORE INTO guesses VALUES (?, ?, ?, ?)", row)
            db.execute("UPDATE rooms SET seen = ? WHERE code = ?", (self.clock(), room))

    def draw(self, code: str, member: str, picture: str) -> None:
        """One's drawing on the wall, a reference of `pictures`; another one takes its place."""
        if len(picture) > LONGEST_DRAWING:
            raise ValueError(words.DRAWING)
        with self._change() as db:
            room = self._joined(db, code, member)["code"]
            (taken,) = db.execute(
                "SELECT coalesce(sum(length(picture)), 0) FROM drawings WHERE code = ? AND member != ?",
                (room, _hashed(member)),
            ).fetchone()
            if taken + len(picture) > MOST_DRAWN:
                raise ValueError(words.WALL_FULL)
            db.execute("INSERT OR REPLACE INTO drawings VALUES (?, ?, ?)", (room, _hashed(member), picture))

    def follow(self, code: str, member: str) -> dict[str, Any]:
        """Where the teacher stands: `turn` grows whenever that changes; `leads` says whether the class is to follow."""
        with self._db() as db:
            room = self._joined(db, code, member)
        return {
            "turn": room["turn"],
            "leads": bool(room["leads"]),
            "stop": room["stop"],
            "link": room["link"],
        }

    # --- the teacher ---------------------------------------------------------------------------------------------
    def lead(self, code: str, key: str, stop: int, link: str, leads: bool) -> None:
        """The teacher's stop and view, for those who follow."""
        with self._change() as db:
            room = self._taught(db, code, key)
            if (room["stop"], room["link"], bool(room["leads"])) != (stop, link, leads):
                values = (stop, link, leads, self.clock(), room["code"])
                db.execute(
                    "UPDATE rooms SET stop = ?, link = ?, leads = ?, seen = ?, turn = turn + 1 WHERE code = ?",
                    values,
                )

    def counts(self, code: str, key: str, stop: str) -> dict[str, Any]:
        """How many are there, how many drew, and how often each guess was made at a stop."""
        made = "SELECT guess, count(*) FROM guesses WHERE code = ? AND stop = ? GROUP BY guess ORDER BY guess"
        with self._db() as db:
            room = self._taught(db, code, key)["code"]
            (members,) = db.execute("SELECT count(*) FROM members WHERE code = ?", (room,)).fetchone()
            (drawn,) = db.execute("SELECT count(*) FROM drawings WHERE code = ?", (room,)).fetchone()
            bars = dict(db.execute(made, (room, stop)).fetchall())
        return {"members": members, "drawn": drawn, "bars": bars}

    def wall(self, code: str, key: str) -> dict[str, str]:
        """The drawings of the class, references of `pictures` by names that mean something to `erase` alone."""
        hung = "SELECT member, picture FROM drawings WHERE code = ? ORDER BY member"
        with self._db() as db:
            return dict(db.execute(hung, (self._taught(db, code, key)["code"],)).fetchall())

    def erase(self, code: str, key: str, drawing: str) -> None:
        """Take one drawing off the wall; one that is gone already is gone."""
        with self._change() as db:
            room = self._taught(db, code, key)["code"]
            db.execute("DELETE FROM drawings WHERE code = ? AND member = ?", (room, drawing))

    # --- short addresses, and lessons that visitors brought ------------------------------------------------------
    def shorten(self, query: str) -> str:
        """A short name for a query string; the same one for the same. The oldest go where there are too many."""
        short = "".join(LETTERS[byte % len(LETTERS)] for byte in hashlib.sha256(query.encode()).digest()[:8])
        with self._change() as db:
            db.execute("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", (short, query, self.clock()))
            db.execute(_oldest("links", "short"), (MOST_LINKS,))
        return short

    def query_of(self, short: str) -> str | None:
        """The query string of a short name; None where there is none."""
        with self._db() as db:
            found = db.execute("SELECT query FROM links WHERE short = ?", (short,)).fetchone()
        return found and found[0]

    def bring(self, name: str, text: str) -> None:
        """Keep a lesson's text; the oldest go where there are too many."""
        with self._change() as db:
            db.execute("INSERT OR REPLACE INTO lessons VALUES (?, ?, ?)", (name, text, self.clock()))
            db.execute(_oldest("lessons", "name"), (MOST_LESSONS,))

    def brought(self, name: str) -> str | None:
        """A lesson's text; None where there is none."""
        with self._db() as db:
            found = db.execute("SELECT text FROM lessons WHERE name = ?", (name,)).fetchone()
        return found and found[0]


def _oldest(table: str, key: str) -> str:
    """SQL that leaves the newest so many rows of a table."""
    return f"DELETE FROM {table} WHERE {key} NOT IN (SELECT {key} FROM {table} ORDER BY made DESC LIMIT ?)"
