// Text under edit, UTF-8 and line breaking, without a font and without a display.
#include <random>
#include <string>
#include <vector>

#include "tests/check.hpp"
#include "ui/text_edit.hpp"
#include "ui/text_layout.hpp"
#include "ui/text_rules.hpp"
#include "ui/utf8.hpp"
#include "ui/value_text.hpp"

namespace {

using namespace anacrusis::ui;

TextEdit edit_of(std::string_view text, std::size_t max_points = 100) {
    TextEdit edit(max_points);
    edit.set(text);
    return edit;
}

void typing_goes_in_at_the_cursor() {
    TextEdit edit = edit_of("ad");
    edit.left(false, false);
    CHECK(edit.insert("bc"));
    CHECK(edit.text() == "abcd");
    CHECK(edit.cursor() == 3);
    CHECK(!edit.has_selection());
}

void the_cursor_never_stands_inside_a_code_point() {
    TextEdit edit = edit_of("a\u00e9\u65e5\U0001F3B5z");  // 1 + 2 + 3 + 4 + 1 bytes
    std::vector<std::size_t> stops;
    for (edit.home(false); edit.cursor() < edit.text().size(); edit.right(false, false))
        stops.push_back(edit.cursor());
    CHECK((stops == std::vector<std::size_t>{0, 1, 3, 6, 10}));
    edit.move_to(4, false);
    CHECK(edit.cursor() == 3);
    edit.move_to(1000, false);
    CHECK(edit.cursor() == edit.text().size());
}

void backspace_and_delete_take_whole_code_points() {
    TextEdit edit = edit_of("a\u65e5\U0001F3B5");
    CHECK(edit.erase_before(false));
    CHECK(edit.text() == "a\u65e5");
    edit.home(false);
    CHECK(!edit.erase_before(false));
    CHECK(edit.erase_after(false) && edit.erase_after(false));
    CHECK(edit.text().empty());
    CHECK(!edit.erase_after(false));
}

void words_are_jumped_over_and_erased() {
    TextEdit edit = edit_of("warm  tape hiss");
    edit.left(false, true);
    CHECK(edit.cursor() == 11);
    CHECK(edit.erase_before(true));
    CHECK(edit.text() == "warm  hiss");
    edit.home(false);
    edit.right(false, true);
    CHECK(edit.cursor() == 6);
    edit.home(false);
    CHECK(edit.erase_after(true));
    CHECK(edit.text() == "hiss");
}

void a_selection_is_replaced_or_erased_whole() {
    TextEdit edit = edit_of("one two three");
    edit.select_word(5);
    CHECK(edit.selected() == "two");
    CHECK(edit.insert("2"));
    CHECK(edit.text() == "one 2 three");
    edit.select_all();
    CHECK(edit.selected() == "one 2 three");
    CHECK(edit.erase_after(true));
    CHECK(edit.text().empty());
}

void a_selection_grows_from_where_it_began_and_collapses_to_its_edge() {
    TextEdit edit = edit_of("abcdef");
    edit.move_to(2, false);
    edit.right(true, false);
    edit.right(true, false);
    CHECK(edit.selected() == "cd");
    edit.home(true);
    CHECK(edit.selected() == "ab");
    edit.end(true);
    CHECK(edit.selected() == "cdef");
    edit.left(false, false);
    CHECK(edit.cursor() == 2 && !edit.has_selection());
}

void the_limit_counts_code_points_and_leaves_room_for_what_is_replaced() {
    TextEdit edit = edit_of("\u65e5\u65e5\u65e5\u65e5", 4);
    CHECK(!edit.insert("x"));
    CHECK(utf8::count(edit.text()) == 4);
    edit.select_all();
    CHECK(edit.insert("abcdef"));
    CHECK(edit.text() == "abcd");
}

void what_is_no_text_never_gets_in() {
    TextEdit edit = edit_of("");
    CHECK(!edit.insert("\x01\x7f\x1b"));
    CHECK(!edit.insert("\xff\xfe\xc0\x80\xed\xa0\x80\xf5\x80\x80\x80\xc2"));
    CHECK(!edit.insert("\u0085"));  // a control character of two bytes
    CHECK(edit.insert("a\nb\r\nc\td\xe6\x97"));
    CHECK(edit.text() == "a b  c d");
}

void utf8_is_cut_where_the_standard_says() {
    CHECK(utf8::length_at("\u00e9", 0) == 2 && utf8::length_at("\u65e5", 0) == 3);
    CHECK(utf8::length_at("\U0010FFFF", 0) == 4);
    const char* const malformed[] = {"\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
                                     "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80"};
    for (const char* bad : malformed)
        CHECK(utf8::length_at(bad, 0) == 0);
    CHECK(utf8::encode(0x65e5) == "\u65e5" && utf8::encode(0x1F3B5) == "\U0001F3B5");
    CHECK(utf8::encode(0xD800).empty() && utf8::encode(0).empty() && utf8::encode(0x110000).empty());
}

/// Whatever is done, text and offsets stay sound.
void any_sequence_of_keys_keeps_the_text_sound() {
    std::mt19937 random(1);
    TextEdit edit(50);
    const std::string pieces[] = {"a", " ", "\u00e9", "\u65e5\u672c", "\U0001F3B5", "\xff", "long word "};
    bool sound = true;
    for (int i = 0; i < 20000; ++i) {
        const bool extend = random() % 2 == 0, word = random() % 3 == 0;
        switch (random() % 9) {
        case 0:
        case 1: edit.insert(pieces[random() % 7]); break;
        case 2: edit.erase_before(word); break;
        case 3: edit.erase_after(word); break;
        case 4: edit.left(extend, word); break;
        case 5: edit.right(extend, word); break;
        case 6: edit.home(extend); break;
        case 7: edit.move_to(random() % 200, extend); break;
        default: edit.select_word(random() % 200); break;
        }
        const std::string& text = edit.text();
        sound = sound && utf8::clean(text, 50) == text && edit.selection_end() <= text.size();
        for (const std::size_t at : {edit.cursor(), edit.selection_begin(), edit.selection_end()})
            sound = sound && (at == text.size() || utf8::length_at(text, at) > 0);
    }
    CHECK(sound);
}

// Each code point is 10 wide.
std::vector<double> tens(std::string_view text) {
    std::vector<double> ends;
    for (std::size_t i = 0; i <= utf8::count(text); ++i) ends.push_back(10.0 * static_cast<double>(i));
    return ends;
}

std::vector<std::string> lines_of(const std::string& text, double width) {
    std::vector<std::string> lines;
    const TextLayout layout(text, tens, width);
    for (const TextLine line : layout.lines())
        lines.push_back(text.substr(line.begin, line.end - line.begin));
    return lines;
}

void lines_break_after_blanks_and_inside_words_that_are_too_wide() {
    CHECK((lines_of("", 50) == std::vector<std::string>{""}));
    CHECK((lines_of("one two", 70) == std::vector<std::string>{"one two"}));
    CHECK((lines_of("one two", 60) == std::vector<std::string>{"one ", "two"}));
    CHECK((lines_of("aaaaaaaaa", 40) == std::vector<std::string>{"aaaa", "aaaa", "a"}));
    CHECK((lines_of("a bbbbbb", 40) == std::vector<std::string>{"a ", "bbbb", "bb"}));
    CHECK((lines_of("\u65e5\u65e5\u65e5", 20) == std::vector<std::string>{"\u65e5\u65e5", "\u65e5"}));
    CHECK((lines_of("ab      c", 20) == std::vector<std::string>{"ab      ", "c"}));
    CHECK((lines_of("abc", 1) == std::vector<std::string>{"a", "b", "c"}));
}

void a_caret_is_found_where_it_was_put() {
    const std::string text = "one two three";
    const TextLayout layout(text, tens, 60);  // "one " "two " "three"
    CHECK(layout.lines().size() == 3);
    CHECK(layout.caret(0).line == 0 && layout.caret(4).line == 1 && layout.caret(text.size()).line == 2);
    for (std::size_t at = 0; at <= text.size(); ++at) {
        const Caret caret = layout.caret(at);
        CHECK(layout.offset_at(caret.line, caret.x) == at);
    }
    CHECK(layout.offset_at(0, 1000.0) == 3 && layout.offset_at(99, 1000.0) == text.size());
    CHECK(layout.offset_at(1, -50.0) == 4);
    CHECK(layout.offset_at(1, 14.9) == 5 && layout.offset_at(1, 15.1) == 6);
}

void fields_refuse_what_the_plugin_would_refuse() {
    const std::string hash(64, 'a');
    CHECK(kSourceRule.complaint("track") == nullptr && kSourceRule.complaint("none") == nullptr);
    CHECK(kSourceRule.complaint(hash) == nullptr && kSourceRule.complaint(hash + "a") != nullptr);
    CHECK(kSourceRule.complaint("Track") != nullptr && kSourceRule.complaint("") != nullptr);
    CHECK(kSourceRule.shown(hash) == "aaaaaaaa\u2026aaaa" && kSourceRule.shown("track") == "track");
    CHECK(kSeedRule.complaint("0") == nullptr && kSeedRule.complaint("4294967295") == nullptr);
    for (const char* bad : {"", "-1", "4294967296", "1.5", "12a", "99999999999999999999"})
        CHECK(kSeedRule.complaint(bad) != nullptr);
    for (const char* good : {"tcp://127.0.0.1:5317", "tcp://localhost:1", "tcp://[::1]:5317", "ipc:///e"})
        CHECK(kEndpointRule.complaint(good) == nullptr);
    for (const char* bad : {"", "tcp://192.168.0.2:5317", "tcp://127.0.0.1:", "http://localhost", "ipc://"})
        CHECK(kEndpointRule.complaint(bad) != nullptr);
    CHECK(kPromptRule.complaint("") == nullptr);
}

void numbers_are_read_strictly() {
    CHECK(whole_number(" 42 ") == 42 && whole_number("-7") == -7);
    CHECK(!whole_number("") && !whole_number("4 2") && !whole_number("1e3") && !whole_number("0x10"));
}

}  // namespace

int main() {
    typing_goes_in_at_the_cursor();
    the_cursor_never_stands_inside_a_code_point();
    backspace_and_delete_take_whole_code_points();
    words_are_jumped_over_and_erased();
    a_selection_is_replaced_or_erased_whole();
    a_selection_grows_from_where_it_began_and_collapses_to_its_edge();
    the_limit_counts_code_points_and_leaves_room_for_what_is_replaced();
    what_is_no_text_never_gets_in();
    utf8_is_cut_where_the_standard_says();
    any_sequence_of_keys_keeps_the_text_sound();
    lines_break_after_blanks_and_inside_words_that_are_too_wide();
    a_caret_is_found_where_it_was_put();
    fields_refuse_what_the_plugin_would_refuse();
    numbers_are_read_strictly();
    return check::finish();
}
