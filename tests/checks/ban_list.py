"""The bans: what is looked for, where, what to write instead, and examples that prove the pattern."""
from dataclasses import dataclass

OURS = r"^(src|tests)/.*\.(h|cpp)$"
SRC = r"^src/.*\.(h|cpp)$"
TESTS = r"^tests/.*\.(h|cpp)$"
DATA_PATH = r"^src/(core|http|policies|net|proxy|telemetry)/.*\.(h|cpp)$"
STATUSES = r"(?:40\d|41[0-8]|42[1-9]|431|451|499|50[0-8]|51[01])"
# Words are spelt in two halves here, so that this file is not found by its own bans.
UNFINISHED = "(?i:" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X", "HA" "CK", "place" "holder")) + ")|not imple" "mented"
OUTSIDE = "|".join((
    "/wo" "rk/", "/fa" "rm", r"\.libr" "ary", "sub" "agent", "th(e|is) ses" "sion", "iss" "ue #?[0-9]+",
    "closing no" "te",
    "COMP" r"ASS", "DEVEL" r"OPERS\.md", "SP" r"EC\.md", "ARCHI" r"TECTURE\.md", "PLAT" r"FORM\.md", "STY" r"LE\.md",
    "PERFOR" r"MANCE\.md", r"\.\./sha" "red", "/ro" "ot/", r"/ho" r"me/(?!holdfast\b)\w"))


@dataclass(frozen=True)
class Ban:
    name: str
    pattern: str
    instead: str
    bad: tuple
    good: tuple
    files: str = OURS
    looks_at: str = "code"  # or "text": comments and strings too
    example_path: str = "src/proxy/example.cpp"


BANS = [
    Ban("allocation",
        r"\bnew\b(?!\s*\()|(?<!=)(?<!= )\bdelete\b|(?<![\w.>])(?:malloc|calloc|realloc|strdup)\s*\("
        r"|(?:^|[;{}])\s*(?:std::)?free\s*\(",
        "let a value, a container or make_unique own the memory",
        ("auto* p = new int;", "delete p;", "void* p = malloc(8);", "std::free(p);"),
        ("X(const X&) = delete;", "auto p = std::make_unique<int>(1);", "int new_size = 1;", "pool.free(x);")),
    Ban("naked descriptor",
        r"(?<![\w>][({])(?:(?<!\w)::(?:open|openat|accept|pipe|dup|dup2|dup3|memfd_create|timerfd_create|epoll_create1)"
        r"|(?<![\w.>:])(?:::)?(?:socket|accept4|pipe2|eventfd|signalfd|inotify_init1))\s*\(|(?<!\w)::close\s*\("
        r"|\bint\s+\w*fd_\s*[=;{]",
        "wrap it at once: `Fd fd(::socket(…))`; an Fd closes itself",
        ("int s = ::socket(1, 2, 3);", "::close(fd);", "int listen_fd_ = -1;"),
        ("Fd s(::socket(1, 2, 3));", "auto s = Fd{::socket(1, 2, 3)};", "Inbox() : wake_(::eventfd(0, 0)) {}",
         "Fd fd_;", "listener.open(x);", "void on_readable(int fd);"), SRC),
    Ban("shared_ptr", r"\b(?:shared_ptr|make_shared|weak_ptr|enable_shared_from_this)\b",
        "give the object one owner; borrow by reference",
        ("std::shared_ptr<int> p;", "auto p = std::make_shared<int>(1);"), ("std::unique_ptr<int> p;",)),
    Ban("static state",
        r"\b(?:static|thread_local)\s+(?!.*\b(?:const|constexpr)\b)(?!inline\b)[\w:<>,&*\s]+?\w\s*(?:=[^=]|;|\{)",
        "make it a member of what owns it, or constexpr",
        ("static int count = 0;", "static std::string last;", "thread_local int depth;",
         "static std::vector<int> seen{};"),
        ("static constexpr int most = 3;", "static Result<int, Error> parse(std::string_view text);",
         "static const char* const names[] = {};", "x = static_cast<int>(y);", "static_assert(sizeof(int) == 4);")),
    Ban("using namespace", r"\busing\s+namespace\b", "name what is used: a header decides for all who include it",
        ("using namespace holdfast;",), ("using core::Fd;", "namespace holdfast {"), r"^(src|tests)/.*\.h$", example_path="src/proxy/example.h"),
    Ban("catch", r"\bcatch\s*\(", "return a Result; exceptions are caught at the named boundaries only",
        ("try { f(); } catch (const std::exception&) {}",), ("int catches(int);",)),
    Ban("throw", r"\bthrow\b", "return a Result or end the process with HOLDFAST_CHECK",
        ("throw std::runtime_error(x);",), ("void rethrown();",), SRC),
    Ban("throwing access", r"(?:\.|->)at\s*\([^,()]+\)|\bstd::sto(?:i|l|ul|ll|ull|f|d|ld)\b",
        "check the range, then use []; parse with from_chars",
        ("auto x = v.at(3);", "int n = std::stoi(text);"), ("auto x = v[3];", "look_at(3);",
         "auto place = text.at(line, column);"), SRC),
    Ban("std::function", r"\bstd::(?:move_only_)?function\b",
        "take a template parameter, an interface or a function pointer with its context",
        ("std::function<void()> f;",), ("std::invoke(f);",), DATA_PATH),
    Ban("status literal",
        r"(?<![<>=!]= )(?<![<>] )(?<![\w.'])(?<!milliseconds[({])(?<!seconds[({])" + STATUSES + r"(?![\w.']*[\w'])",
        "end the exchange with a row of core/failure.h; local_reply turns it into a response",
        ("response.status = 503;", "reply(404);", "constexpr int status{500};"),
        ("if (status >= 500) f();", "auto d = 500ms;", "const auto d = std::chrono::milliseconds(500);",
         "int n = 1'500;", "int n = 4096;",
         "if (head.status == 416) f();"),
        DATA_PATH),
    Ban("status text", r'"HTTP/1\.[01] [45]\d\d',
        "end the exchange with a row of core/failure.h; local_reply turns it into a response",
        ('send("HTTP/1.1 503 Busy");',), ('send("HTTP/1.1 200 OK");',), DATA_PATH, "text"),
    Ban("sleep", r"\b(?:sleep_for|sleep_until|usleep|nanosleep|sleep)\s*\(",
        "move the test's clock, or wait for the event itself",
        ("std::this_thread::sleep_for(d);", "sleep(1);"), ("bool asleep();",)),
    Ban("wall time in tests", r"\bsystem_clock\b|\bwall_now\b|\bsteady_now\b", "move the test's clock by hand",
        ("auto t = holdfast::wall_now();",), ("clock.advance(2s);",), TESTS, example_path="tests/proxy/example.cpp"),
    Ban("C parsing",
        r"\bstd::regex|#\s*include\s*<(?:regex|locale)>"
        r"|\b(?:atoi|atol|atoll|atof|strtol|strtoul|strtoll|strtoull|strtod|strtof"
        r"|sscanf|fscanf)\s*\(",
        "use std::from_chars or a parser of ours",
        ("int n = atoi(text);", "auto n = std::strtol(a, b, 10);", "std::regex r;"), ("std::from_chars(a, b, n);",)),
    Ban("locale",
        r"\bstd::locale\b|(?<![.>\w])(?:std::)?(?:setlocale|isalpha|isdigit"
        r"|isalnum|isspace|isupper|islower|isxdigit|isprint|toupper|tolower|strcasecmp|strncasecmp)\s*\(",
        "use core/bytes.h, which knows ASCII only",
        ("if (std::isdigit(c)) f();", "c = tolower(c);"), ("if (is_digit(c)) f();",)),
    Ban("clock call",
        r"\b(?:steady_clock|system_clock|high_resolution_clock)::now\b"
        r"|\b(?:clock_gettime|gettimeofday|localtime|localtime_r)\s*\("
        r"|\b(?:std::|::)?time\s*\(\s*(?:nullptr|NULL|0|&)",
        "use the loop's time, or core/clock.h where there is no loop",
        ("auto t = std::chrono::steady_clock::now();", "auto t = time(nullptr);"), ("auto t = loop.now();",
         "first_byte_time(0);"), OURS),
    Ban("using namespace in a header", r"^\s*using\s+namespace\b", "name what you use",
        ("using namespace std;",), ("using std::swap;",), r"\.h$", example_path="src/core/example.h"),
    Ban("macro", r"^[ \t]*#[ \t]*define\b", "use a function, a template or a constant",
        ("#define TWICE(x) ((x) * 2)",), ("#if defined(__SSE2__)\n#endif",)),
    Ban("goto or varargs", r"\bgoto\b|\bva_list\b|\balloca\s*\(|\bsetjmp\s*\(|\blongjmp\s*\(", "return early",
        ("goto end;",), ("go_to(end);",)),
    Ban("empty name", r"\b(?:class|struct)\s+\w*(?:Manager|Helpers?|Utils?|Impl|Base)\b(?!\s*;)",
        "name it by what it knows or does; if that is hard, the type is wrong",
        ("class ConnectionManager final {", "struct StringUtil {"), ("struct event_base;", "class Database {",
         "class Baseline {")),
    Ban("unexplained silence", r"NOLINT(?:NEXTLINE|BEGIN)?(?!END|NEXTLINE|BEGIN|\([\w.,\- ]+\): \w)",
        "write `NOLINT(check-name): reason`",
        ("f();  // NOLINT",), ("f();  // NOLINT(bugprone-exception-escape): the callback is noexcept",),
         looks_at="text"),
    Ban("unfinished", r"\b(?:" + UNFINISHED + r")\b", "finish it or leave it out; nothing is promised in the code",
        ("// " "TO" "DO" ": later",), ("// to do this, the loop turns once more",), r"", "text"),
    Ban("outside", r"(?:" + OUTSIDE + ")", "the project speaks of itself alone",
        ("// see SP" "EC.md",), ("// RFC 9110 8.6",), r"^(?!\.ci/)", "text"),
]
