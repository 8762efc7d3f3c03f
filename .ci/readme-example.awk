# Prints the first Rust example of a README as a program, by the rules that rustdoc follows: a fence
# without a language is Rust, `# ` hides a line, and without a `main` the example becomes its body.
# Ends with 1 when there is no example.

/^ *```/ && !fence {
    fence = 1
    language = $0
    sub(/^ *```+ */, "", language)
    rust = language == "" || language ~ /^(rust|no_run|should_panic|edition[0-9]*)([, ].*)?$/
    if (language ~ /ignore|compile_fail|should_panic/) rust = 0
    taken = rust
    next
}

/^ *``` *$/ && fence {
    if (taken) { found = 1; exit }
    fence = 0
    next
}

fence && taken {
    line = $0
    if (line ~ /^ *#$/) line = ""
    else if (line ~ /^ *# /) sub(/# /, "", line)
    else if (line ~ /^ *##/) sub(/#/, "", line)
    if (line ~ /^ *#!\[/) attributes = attributes line "\n"
    else body = body line "\n"
    if (line ~ /(^|[ \t])fn main *\(/) main = 1
    if (line !~ /^ *$/) last = line
}

END {
    if (!found) exit 1
    if (language ~ /no_run/) print "// no_run"
    printf "%s", attributes
    if (main) printf "%s", body
    else if (last ~ /\(\(\)\) *$/) {
        printf "fn main() {\n    fn example() -> Result<(), impl std::fmt::Debug> {\n%s    }\n    example().unwrap()\n}\n", body
    } else printf "fn main() {\n%s}\n", body
}
