#!/bin/sh
# lint.sh - layers, format, clang-tidy, cppcheck; prints what is wrong and ends
# with "N passed, N failed".
cd "$(dirname "$0")/.." || exit 2
passed=0
failed=0
check() {
	name=$1
	shift
	if out=$("$@" 2>&1); then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s:\n%s\n' "$name" "$out" | tail -n 60
	fi
}
sources() { git ls-files --cached --others --exclude-standard 'src/*.[ch]' 'src/**/*.[ch]' 'tests/*.[ch]' 'tests/**/*.[ch]' 'bench/*.[ch]' 'bench/**/*.[ch]' 'lens/*.[ch]' 'lens/**/*.[ch]'; }
[ -f build/compile_commands.json ] || meson setup build >/dev/null || exit 2
check layers python3 tools/check_layers.py .
check format sh -c 'git ls-files --cached --others --exclude-standard "src/*.c" "src/*.h" "tests/*.c" "tests/*.h" "bench/*.c" "bench/*.h" "lens/*.c" "lens/*.h" | xargs clang-format --dry-run -Werror'
check cppcheck cppcheck -q -j 2 --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=syntaxError --suppress=autoVariables --error-exitcode=1 -Isrc -I. src lens
[ "${JIUAN_TIDY:-1}" = 0 ] || check clang-tidy sh -c 'git ls-files "src/*.c" "lens/*.c" | xargs -n 8 -P 2 clang-tidy -p build --quiet --extra-arg=-Wno-unknown-warning-option'
echo "$passed passed, $failed failed"
[ $failed = 0 ]
