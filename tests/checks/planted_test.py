"""Shows each check of tools/checks complaining about a planted sample, and keeping quiet about a sound one."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

TREE = pathlib.Path(__file__).resolve().parents[2]
CHECKS = TREE / "tools" / "checks"


class Planted(unittest.TestCase):
    """A test with a small tree of its own to plant files in."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return target

    def run_check(self, name, *arguments):
        command = [sys.executable, "-B", str(CHECKS / name), *map(str, arguments)]
        run = subprocess.run(command, cwd=self.root, capture_output=True, text=True)
        return run.returncode, run.stdout + run.stderr

    def assert_complains(self, result, *texts):
        self.assertEqual(result[0], 1, result[1])
        for text in texts:
            self.assertIn(text, result[1])

    def assert_quiet(self, result):
        self.assertEqual(result[0], 0, result[1])


class Floors(Planted):
    def test_a_floor_that_looks_up_is_named(self):
        self.write("core/roost/link/session.cpp", "#include <roost/base/ids.hpp>\n#include <roost/actor/mailbox.hpp>\n")
        self.assert_complains(self.run_check("floors.py"), "core/roost/link/session.cpp:2: link may not include roost/actor/mailbox.hpp")

    def test_core_that_knows_the_simulator_is_named(self):
        self.write("core/roost/mesh/mesh.hpp", "#include <roost/sim/run.hpp>\n")
        self.assert_complains(self.run_check("floors.py"), "mesh may not include roost/sim/run.hpp")

    def test_a_scenario_that_knows_more_than_core_is_named(self):
        self.write("scenarios/01_actors.cpp", "#include <roost/transports/shm/ring.hpp>\n")
        self.assert_complains(self.run_check("floors.py"), "scenarios may not include roost/transports/shm/ring.hpp")

    def test_a_floor_that_is_not_in_the_plan_is_named(self):
        self.write("core/roost/util/strings.hpp", "\n")
        self.assert_complains(self.run_check("floors.py"), "core has no floor named util")

    def test_an_include_by_another_path_is_named(self):
        self.write("core/roost/base/ids.cpp", '#include "ids.hpp"\n')
        self.assert_complains(self.run_check("floors.py"), "core/roost/base/ids.cpp:1")

    def test_what_the_plan_allows_is_quiet(self):
        self.write("core/roost/roost.hpp", "#include <roost/mesh/mesh.hpp>\n")
        self.write("core/roost/link/a.cpp", "// #include <roost/actor/a.hpp>\n#include <roost/link/a.hpp>\n#include <roost/base/b.hpp>\n")
        self.write("sim/roost/sim/run.cpp", "#include <roost/sim/run.hpp>\n#include <roost/mesh/mesh.hpp>\n")
        self.write("scenarios/01_actors.cpp", "#include <roost/roost.hpp>\n")
        self.write("tools/roost/tools/main.cpp", "#include <roost/sim/run.hpp>\n")
        self.assert_quiet(self.run_check("floors.py"))


class BannedCalls(Planted):
    def test_each_banned_call_is_named(self):
        for line in ["auto t = std::chrono::steady_clock::now();", "std::this_thread::sleep_for(1s);", "std::thread worker(run);",
                     "std::mutex lock;", "std::random_device seed;", "int x = rand();", "std::shuffle(a.begin(), a.end(), g);",
                     "std::uniform_int_distribution<int> d(0, 1);", 'auto* home = std::getenv("HOME");', "auto t = time(nullptr);",
                     "int fd = ::socket(1, 2, 3);", "std::map<actor*, int> ready;", "auto x = __rdtsc();",
                     "send(draws.next(), draws.below(3));", "nanosleep(&a, nullptr);", "::usleep(3);"]:
            with self.subTest(line):
                self.write("core/roost/actor/sample.cpp", "void f() {\n  " + line + "\n}\n")
                self.assert_complains(self.run_check("banned_calls.py"), "core/roost/actor/sample.cpp:2: ", line)

    def test_going_through_an_unordered_member_is_named(self):
        self.write("core/roost/link/table.hpp", "struct table { std::unordered_map<int, std::vector<int>> rows_; };\n")
        for line in ["for (auto& [key, row] : rows_) use(row);", "for (auto& row : other->rows_) use(row);", "auto first = rows_.begin();"]:
            with self.subTest(line):
                self.write("core/roost/link/table.cpp", "void f() {\n  " + line + "\n}\n")
                self.assert_complains(self.run_check("banned_calls.py"), "core/roost/link/table.cpp:2: goes through an unordered container")

    def test_a_sleep_in_a_test_is_named(self):
        self.write("sim/roost/sim/a.test.cpp", "void f() { std::this_thread::sleep_for(1ms); }\n")
        self.assert_complains(self.run_check("banned_calls.py"), "sleeps a thread")

    def test_a_tag_without_a_reason_is_no_excuse(self):
        self.write("core/roost/base/a.cpp", "int x = rand();  // banned-call:\n")
        self.assert_complains(self.run_check("banned_calls.py"), "core/roost/base/a.cpp:1")

    def test_sound_code_is_quiet(self):
        self.write("core/roost/actor/a.cpp", """// std::thread and rand() in words
char const* text = "std::mutex rand() time(nullptr)";
struct seams { virtual ~seams(); virtual instant clock(); clock& time(); };
auto a = platform.clock().now();
int x = rand();  // banned-call: a sample
// banned-call: a sample
std::mutex lock;
std::map<actor_id, int> ready;
auto found = rows.find(3);
pair p{draws.next(), draws.next()};
""")
        self.write("core/roost/live/worker.cpp", "std::thread worker; auto t = std::chrono::steady_clock::now();\n")
        self.assert_quiet(self.run_check("banned_calls.py"))


class FileLength(Planted):
    def test_601_lines_are_too_many(self):
        self.write("core/roost/base/long.hpp", "\n" * 601)
        self.assert_complains(self.run_check("file_length.py"), "core/roost/base/long.hpp:601: 601 lines, expected at most 600")

    def test_600_lines_are_not(self):
        self.write("core/roost/base/long.hpp", "\n" * 600)
        self.assert_quiet(self.run_check("file_length.py"))


class Format(Planted):
    def test_unformatted_code_is_named_once(self):
        self.write("core/roost/base/a.cpp", "int  a;\nint  b;\n")
        result = self.run_check("format.py")
        self.assert_complains(result, "core/roost/base/a.cpp:1: not formatted")
        self.assertEqual(result[1].count("a.cpp"), 1)

    def test_formatted_code_is_quiet(self):
        self.write("core/roost/base/a.cpp", "int a;\n")
        self.assert_quiet(self.run_check("format.py"))


class Symbols(Planted):
    def archive(self, source, library="libroost_base.a", member="sample"):
        path = self.write(member + ".cpp", source)
        subprocess.run(["g++", "-std=c++20", "-O1", "-c", str(path), "-o", str(path.with_suffix(".o"))], check=True)
        subprocess.run(["ar", "rcs", str(self.root / library), str(path.with_suffix(".o"))], check=True, capture_output=True)

    def test_a_clock_a_source_check_would_not_see_is_named(self):
        self.archive("#include <chrono>\nnamespace c = std::chrono;\nusing t = c::steady_clock;\nauto f() { return t::now(); }\n")
        self.assert_complains(self.run_check("symbols.py", "."), "libroost_base.a(sample.o): refers to std::chrono::_V2::steady_clock::now()")

    def test_c_calls_and_threads_are_named(self):
        self.archive("#include <cstdlib>\n#include <thread>\nint g() { return rand(); }\nvoid f() { std::thread([] {}).join(); }\n")
        self.assert_complains(self.run_check("symbols.py", "."), "refers to rand", "refers to std::thread::_M_start_thread")

    def test_reading_the_cycle_counter_is_named(self):
        self.archive("#include <x86intrin.h>\nauto f() { return __rdtsc(); }\n")
        self.assert_complains(self.run_check("symbols.py", "."), "contains the instruction rdtsc")

    def test_the_interposer_may_refer_to_what_it_stands_for(self):
        self.archive("#include <ctime>\nauto f() { return time(nullptr); }\n", "libroost_sim.a", "interpose_time")
        self.assert_quiet(self.run_check("symbols.py", "."))

    def test_a_program_without_its_interposer_is_named(self):
        self.archive('extern "C" int nanosleep() { return 0; }\n', "libroost_sim.a", "interpose_sleep")
        self.write("main.cpp", "int main() {}\n")
        (self.root / "scenarios").mkdir()
        link = ["g++", "main.cpp", "-o", "scenarios/01_actors"]
        subprocess.run([*link, "libroost_sim.a"], cwd=self.root, check=True)
        self.assert_complains(self.run_check("symbols.py", "."), "01_actors: the interposer was not linked whole: nanosleep missing")
        subprocess.run([*link, "interpose_sleep.o"], cwd=self.root, check=True)
        self.assert_quiet(self.run_check("symbols.py", "."))

    def test_pure_code_is_quiet(self):
        self.archive("#include <string>\nstd::string f(int i) { return std::to_string(i); }\n")
        self.assert_quiet(self.run_check("symbols.py", "."))


class Tidy(Planted):
    # Of each check of the list what it complains about; misc-unused-using-decls looks at a file alone.
    HEAD = """#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
struct moved { moved(moved&&); int n(); std::string s; };
struct held { ~held(); };
"""
    SAMPLES = {
        "bugprone-dangling-handle": "std::string_view f_N() { std::string_view v = std::string(); return v; }",
        "bugprone-infinite-loop": "void f_N() { int i = 0, j = 0; while (i < 10) ++j; }",
        "bugprone-inaccurate-erase": "void f_N(std::vector<int> v) { v.erase(std::remove(v.begin(), v.end(), 1)); }",
        "bugprone-sizeof-expression": "auto f_N() { return sizeof(sizeof(int)); }",
        "bugprone-undefined-memory-manipulation": "void f_N(moved* a) { std::memset(a, 0, sizeof(moved)); }",
        "bugprone-unused-raii": "void f_N() { held(); }  void g_N() { held(); int i = 0; static_cast<void>(i); }",
        "bugprone-use-after-move": "int f_N(moved a) { moved b = std::move(a); return a.n() + b.n(); }",
        "misc-unused-using-decls": "using std::swap;",
        "performance-for-range-copy": "int f_N(std::vector<std::string> const& v) { int n = 0; for (auto s : v) n += s.size() != 0; return n; }",
        "performance-move-const-arg": "int f_N(int a) { int b = std::move(a); return b; }",
    }

    def tidy_all(self, texts, *options):
        """Looks at files of the given texts, all in one folder."""
        sources = [self.write(f"core/roost/base/f{n}.cpp", text) for n, text in enumerate(texts)]
        self.write("build/compile_commands.json", json.dumps(
            [{"directory": str(self.root), "file": str(source), "command": f"clang++-19 -std=c++20 -c {source}"} for source in sources]))
        self.write(".clang-tidy", (TREE / ".clang-tidy").read_text())
        return self.run_check("tidy.py", "build", *options)

    def test_each_check_of_the_list_complains_about_one_file_among_others(self):
        self.write("core/roost/base/sample.hpp", "#pragma once\n" + self.HEAD)
        texts = [f'#include "sample.hpp"\n{text}\n'.replace("_N", str(n)) for n, text in enumerate(self.SAMPLES.values())]
        listed = set(re.findall(r"^  ([a-z-]+),?$", (TREE / ".clang-tidy").read_text(), re.MULTILINE))
        self.assertEqual(listed, set(self.SAMPLES))
        result = self.tidy_all(["int a() { return 1; }\n", *texts, "int b() { return 2; }\n"])
        self.assert_complains(result, f"tidy: {len(texts)} complaints in {len(texts) + 2} files")
        for n, check in enumerate(self.SAMPLES):
            self.assertRegex(result[1], rf"/f{n + 1}\.cpp:\d+:\d+: error: .*\[{check}[,\]]")

    def test_files_that_clash_are_looked_at_all_the_same(self):
        moved = "#include <utility>\nstruct s { s(s&&); int n(); };\nint f%d(s a) { s b = std::move(a); return a.n() + b.n(); }\n"
        clash = "namespace { int const one = %d; }\nint g%d() { return one; }\n"
        result = self.tidy_all([clash % (1, 1), clash % (2, 2), moved % 1, clash % (3, 3), moved % 2])
        self.assert_complains(result, "tidy: 2 complaints in 5 files", "f2.cpp:3", "f4.cpp:3")
        self.assert_quiet(self.tidy_all([clash % (n, n) for n in range(5)]))

    def tidy(self, text, *options):
        source = self.write("core/roost/base/a.cpp", text)
        command = f"clang++-19 -std=c++20 -c {source}"
        self.write("build/compile_commands.json", json.dumps([{"directory": str(self.root), "file": str(source), "command": command}]))
        self.write(".clang-tidy", (TREE / ".clang-tidy").read_text())
        return self.run_check("tidy.py", "build", *options)

    def test_a_use_after_move_is_named(self):
        result = self.tidy("#include <utility>\nstruct s { s(s&&); int n(); };\nint f(s a) { s b = std::move(a); return a.n() + b.n(); }\n")
        self.assert_complains(result, "bugprone-use-after-move")

    def test_sound_code_is_quiet(self):
        self.assert_quiet(self.tidy("int f(int a) { return a + 1; }\n"))

    def test_a_sound_file_is_looked_at_again_when_a_header_changes(self):
        self.write("core/roost/base/a.hpp", "#include <utility>\nstruct s { s(s&&); int n(); };\n#define F(a) a.n()\n")
        self.write("build/build.ninja", """rule cxx
  command = clang++-19 -std=c++20 -MD -MF $out.d -c $in -o $out
  deps = gcc
  depfile = $out.d
build a.o: cxx ../core/roost/base/a.cpp
""")
        text = '#include "a.hpp"\nint f(s a) { s b = std::move(a); return b.n() + F(b); }\n'
        self.assert_quiet(self.tidy(text))
        subprocess.run(["ninja", "-C", "build"], cwd=self.root, check=True, capture_output=True)
        self.assert_quiet(self.tidy(text))
        self.assert_quiet(self.tidy(text, "--budget", "-1"))
        self.assertNotIn("not looked at", self.tidy(text, "--budget", "-1")[1])
        self.write("core/roost/base/a.hpp", "#include <utility>\nstruct s { s(s&&); int n(); };\n#define F(b) a.n()\n")
        self.assertIn("not looked at: 1 of 1 files", self.tidy(text, "--budget", "-1")[1])
        self.assert_complains(self.tidy(text), "bugprone-use-after-move")

    def test_what_the_budget_left_out_is_counted(self):
        result = self.tidy("int f(int a) { return a + 1; }\n", "--budget", "-1")
        self.assertIn("not looked at: 1 of 1 files", result[1])


class Digests(Planted):
    def program(self, name, digest):
        path = self.write(name, f"""#!/bin/sh
for seed in 1 2 3; do echo "{{\\"seed\\": \\"$seed\\", \\"digest\\": \\"{digest}\\"}}"; done
""")
        path.chmod(0o755)
        return path

    def compare(self, *programs):
        self.write("a.toml", "")
        return self.run_check("digests.py", "--seeds", "1..3", "a.toml", *programs)

    def test_the_first_seed_that_differs_is_named(self):
        equal, other = self.program("one", "11-$seed"), self.program("two", "11-$(( seed < 2 ? seed : 9 ))")
        self.assert_complains(self.compare(equal, other), "seed 2 differs", "sim run a.toml --seed 2")

    def test_a_missing_seed_is_named(self):
        self.assertEqual(self.run_check("digests.py", "--seeds", "1..4", "a.toml", "x", "y")[0], 77)
        self.write("a.toml", "")
        both = self.program("one", "11"), self.program("two", "11")
        self.assert_complains(self.run_check("digests.py", "--seeds", "1..4", "a.toml", *both), "seed 4 differs", "no digest")

    @unittest.skipIf(subprocess.run(["setarch", "--addr-no-randomize", "true"], capture_output=True).returncode, "not allowed here")
    def test_a_digest_that_depends_on_addresses_is_named(self):
        either = self.program("one", "$(( 0x$(cut -c 1-8 /proc/self/personality) & 0x40000 ))"), self.program("two", "0")
        self.assert_complains(self.compare(*either), "seed 1 differs", "setarch --addr-no-randomize")

    def test_equal_digests_are_quiet(self):
        self.assert_quiet(self.compare(self.program("one", "11-$seed"), self.program("two", "11-$seed")))


class Headers(Planted):
    def build(self, text, source=None):
        self.write("core/roost/base/sample.hpp", text)
        if source is not None:
            self.write("core/roost/base/sample.cpp", source)
        self.write("CMakeLists.txt", f"""cmake_minimum_required(VERSION 3.25)
project(sample LANGUAGES CXX)
include("{TREE}/cmake/RoostHeaders.cmake")
add_library(roost_base INTERFACE)
add_library(roost_options INTERFACE)
target_include_directories(roost_base INTERFACE core)
roost_check_headers(base "${{CMAKE_CURRENT_SOURCE_DIR}}/core" roost_base "" "${{CMAKE_CURRENT_SOURCE_DIR}}/core/roost/base/sample.hpp")
""")
        subprocess.run(["cmake", "-G", "Ninja", "-S", ".", "-B", "out"], cwd=self.root, check=True, capture_output=True)
        run = subprocess.run(["cmake", "--build", "out", "--target", "header_checks"], cwd=self.root, capture_output=True, text=True)
        return (1 if run.returncode else 0), run.stdout + run.stderr

    def test_a_header_that_leans_on_its_includer_does_not_build(self):
        self.assert_complains(self.build("#pragma once\ninline std::string name() { return {}; }\n"), "sample.hpp:2")

    def test_a_source_that_includes_something_else_first_proves_nothing(self):
        self.assert_complains(self.build("#pragma once\ninline std::string name() { return {}; }\n",
                                         "#include <string>\n#include <roost/base/sample.hpp>\n"), "sample.hpp:2")

    def test_a_header_that_its_source_includes_first_is_built_with_that(self):
        self.assert_quiet(self.build("#pragma once\ninline std::string name() { return {}; }\n",
                                     "#include <roost/base/sample.hpp>\n\n#include <string>\n"))

    def test_a_header_that_includes_what_it_uses_builds(self):
        self.assert_quiet(self.build("#pragma once\n#include <string>\ninline std::string name() { return {}; }\n"))


if __name__ == "__main__":
    unittest.main()
