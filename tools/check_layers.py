#!/usr/bin/env python3
"""check_layers.py ROOT - fail when a file reaches where it must not.

All rules are data: which folder may include which, which module may call which
other one, which words may stand only in which files, how long things may be.
"""
import pathlib
import re
import sys

MAY_INCLUDE = {
    "base": {"base"},
    "sys": {"base", "sys"},
    "store": {"base", "store"},
    "rules": {"base", "rules"},
    "gate": {"base", "gate"},
    "device": {"base", "device"},
    "core": {"base", "sys", "store", "core"},
    "server": {"base", "sys", "store", "core", "server"},
    "files": {"base", "sys", "store", "core", "files"},
    "domain": {"base", "core", "files", "rules", "gate", "device", "sys", "domain"},
    "app": {"base", "sys", "store", "rules", "gate", "device", "core", "files", "server", "domain", "app"},
    "lens": {"base", "lens"},  # stands beside src/, a program of its own
}
DOMAIN_SYS = {"sys/crypto.h", "sys/geometry.h", "sys/ical.h"}  # what a domain module may use of the machine
CORE_PUBLIC = {"core/core.h", "core/entity.h", "core/module.h"}
# module -> modules whose public header it may include; must stay acyclic
MODULE_NEEDS = {
    "places": set(),
    "insight": {"places"},
    "people": {"places"},
    "sensing": {"places"},
    "access": {"places", "people", "sensing"},
    "watch": {"places", "people", "sensing"},
    "dispatch": {"places", "people", "sensing", "watch"},
}
ONLY_IN = [  # (words, what, files that may)
    (r"#include <sqlite3\.h>", "SQLite", r"store/store_sqlite\w*\.[ch]"),
    (r"#include <libpq-fe\.h>", "libpq", r"store/store_pg\w*\.[ch]"),
    (r"#include <(microhttpd|mosquitto|geos_c|proj|geodesic)\.h>", "an outside library", r"sys/.*"),
    (r"#include <curl/curl\.h>", "libcurl", r"sys/.*|lens/post\.c"),  # the lens has no sys: one file each
    (r"#include <sodium\.h>", "libsodium", r"sys/.*|lens/seal\.c"),
    (r"#include <libav\w+/|#include <libsw", "FFmpeg", r"lens/decode\w*\.[ch]"),
    (r"#include <libical/", "libical", r"sys/ical_read\.c"),
    (r"\b(malloc|calloc|realloc)\s*\(", "heap: use the arena, or mem_new for what lives long", r"base/base\.c|sys/.*"),
    (r"\bfree\s*\(", "heap: domain code frees nothing", r"(base|sys|store|rules|core|server|app|lens)/.*|domain/.*"),
    (r"\b(time|gettimeofday|clock_gettime)\s*\(", "clock: use c->now", r"base/time\.c|(sys|store)/.*|lens/cpu\.h"),
    (r"\b(exit|_exit|abort)\s*\(", "ends the process", r"base/base\.c|app/main\.c|lens/eval/encode\.c"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|strncpy|strncat|localtime|gmtime|system|popen|alloca|setjmp|longjmp)\s*\(",
     "banned", r"(?!)"),
    (r'"(SELECT|INSERT|UPDATE|DELETE)\b', "SQL text", r"(core|files|domain|store)/.*|server/live\.c"),
]
MAX_LINES = {"core": 500}
MAX_LINES_ELSE = 400
MAX_FUNCTION = 60
CORE_TOTAL = 4400


def code_of(text):
    """Text without comments and string contents, line numbers kept."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    return text


def functions(lines):
    """(first line, length) of each function: K&R with '{' and '}' in column 0."""
    start = None
    for no, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = no
        elif line.startswith("}") and start:
            yield start, no - start + 1
            start = None


def check_include(rel, no, path, bad):
    top, to = rel.split("/")[0], path.split("/")
    if to[0] not in MAY_INCLUDE[top]:
        bad.append(f"{rel}:{no}: {top}/ must not include {path}")
    if top != "domain":
        return
    me = rel.split("/")[1]
    if to[0] == "domain" and to[1] != me and (to[1] not in MODULE_NEEDS.get(me, ()) or to[2] != to[1] + ".h"):
        bad.append(f"{rel}:{no}: module {me} must not include {path}")
    if to[0] == "sys" and path not in DOMAIN_SYS:
        bad.append(f"{rel}:{no}: a module must not include {path}")
    if to[0] == "files" and path != "files/files.h":
        bad.append(f"{rel}:{no}: {path} is private to files/")
    if to[0] == "core" and path not in CORE_PUBLIC:
        bad.append(f"{rel}:{no}: {path} is private to core/")


def check_file(f, rel, bad):
    text = f.read_text(encoding="utf-8")
    lines = text.splitlines()
    top = rel.split("/")[0]
    if len(lines) > MAX_LINES.get(top, MAX_LINES_ELSE):
        bad.append(f"{rel}: {len(lines)} lines, split it")
    code = code_of(text).splitlines()
    for start, n in functions(code):
        if n > MAX_FUNCTION:
            bad.append(f"{rel}:{start}: function of {n} lines, split it")
    for no, line in enumerate(code, 1):
        m = re.match(r'\s*#\s*include "([^"]+/[^"]+)"', line)
        if m:
            check_include(rel, no, m.group(1), bad)
        bare = re.sub(r'"(\\.|[^"\\])*"', '""', line)
        for words, what, where in ONLY_IN:
            look = line if words.startswith(('"', "#")) else bare
            if re.search(words, look) and not re.fullmatch(where, rel):
                bad.append(f"{rel}:{no}: {what}: {line.strip()}")


def check_needs(bad):
    done = set()
    while len(done) < len(MODULE_NEEDS):
        ready = {m for m, needs in MODULE_NEEDS.items() if m not in done and needs <= done}
        if not ready:
            bad.append("modules need each other in a circle: " + ", ".join(sorted(set(MODULE_NEEDS) - done)))
            return
        done |= ready


def main(root):
    bad, core = [], 0
    src = root / "src"
    for f in sorted((root / "lens").rglob("*.[ch]")):
        check_file(f, f.relative_to(root).as_posix(), bad)
    for f in sorted(src.rglob("*.[ch]")):
        rel = f.relative_to(src).as_posix()
        check_file(f, rel, bad)
        if rel.startswith("core/"):
            core += len(f.read_text(encoding="utf-8").splitlines())
    if core > CORE_TOTAL:
        bad.append(f"core/ has {core} lines, more than the {CORE_TOTAL} one can read in a day")
    check_needs(bad)
    if bad:
        print("\n".join(bad))
    print(f"{0 if bad else 1} passed, {len(bad)} failed")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
