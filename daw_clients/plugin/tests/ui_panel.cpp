// The whole window's content under a made-up host and hand: drawn on pictures in memory, no display.
#include <cairo.h>

#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/check.hpp"
#include "ui/panel.hpp"
#include "ui/plugin_reader.hpp"
#include "ui/status_advice.hpp"
#include "ui/utf8.hpp"

namespace {

using namespace anacrusis;
using namespace anacrusis::ui;

/// Writes down what it is told, a line each.
class LoggingHost : public PanelHost {
public:
    void gesture(int control, bool touched) override { note("gesture", control, touched ? "on" : "off"); }
    void set_value(int control, float value) override {
        values.emplace_back(control, value);
        note("value", control, "");
    }
    void set_text(const char* key, const std::string& text) override {
        log.push_back(std::string(key) + "=" + text);
        texts[key] = text;
    }
    void want_keys(bool wanted) override { keys_wanted = wanted; }
    void copy(const std::string& text) override { copied = text; }
    void ask_for_paste() override { paste_asked = true; }
    void redraw() override { ++redraws; }

    std::vector<std::string> log;
    std::vector<std::pair<int, float>> values;
    std::map<std::string, std::string> texts;
    bool keys_wanted = false, paste_asked = false;
    std::string copied;
    int redraws = 0;

private:
    void note(const char* what, int control, const char* more) {
        log.push_back(std::string(what) + " " + kControls[control].name + (*more ? " " : "") + more);
    }
};

struct Scene {
    LoggingHost host;
    Panel panel{host};
    std::int64_t now_ms = 1000;

    void press(Point at, Mods mods = {}) {
        now_ms += 1000;
        panel.press(at, mods, now_ms);
    }
    void click(Point at) {
        press(at);
        panel.release();
    }
    void click_again(Point at) {
        now_ms += 100;
        panel.press(at, {}, now_ms);
        panel.release();
    }
    float value(Control control) const { return panel.controls().value(index_of(control)); }
};

// Places as a user finds them (panel.cpp lays them out); the test of all controls finds them by itself.
constexpr Point kDenoise{80.0, 265.0}, kPrompt{300.0, 110.0}, kPromptB{300.0, 160.0}, kSeed{420.0, 194.0},
    kBuffer{330.0, 430.0}, kSolver{500.0, 430.0}, kBypass{630.0, 25.0}, kNothing{660.0, 528.0}, kLoras{200.0, 484.0};
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

void a_drag_is_a_gesture_that_the_plugin_is_told_of() {
    Scene scene;
    scene.press(kDenoise);
    scene.panel.move({80.0, 247.0}, {});
    scene.panel.release();
    const std::vector<std::string> told{"gesture denoise on", "touch=denoise 1", "value denoise",
                                        "touch=denoise 0", "gesture denoise off"};
    CHECK(scene.host.log == told);
    CHECK_NEAR(static_cast<double>(scene.value(Control::denoise)), 0.7, 1e-6);
}

void shift_makes_a_drag_ten_times_finer_and_the_range_holds_it() {
    Scene scene;
    scene.press(kDenoise);
    scene.panel.move({80.0, 247.0}, {true, false, false});
    CHECK_NEAR(static_cast<double>(scene.value(Control::denoise)), 0.61, 1e-6);
    scene.panel.move({80.0, -5000.0}, {});
    CHECK(scene.value(Control::denoise) == 1.0f);
    scene.panel.move({80.0, 5000.0}, {});
    CHECK(scene.value(Control::denoise) == 0.0f);
}

void a_double_click_brings_the_default_back() {
    Scene scene;
    scene.panel.hear_value(index_of(Control::denoise), 0.2f);
    scene.click(kDenoise);
    CHECK(scene.value(Control::denoise) == 0.2f);
    scene.click_again(kDenoise);
    CHECK(scene.value(Control::denoise) == kControls[index_of(Control::denoise)].default_value);
    scene.click(kDenoise);
    scene.panel.hear_value(index_of(Control::denoise), 0.2f);
    scene.click(kDenoise);  // a second later: no double click
    CHECK(scene.value(Control::denoise) == 0.2f);
}

void a_wheel_is_one_gesture_until_it_rests() {
    Scene scene;
    for (int i = 0; i < 5; ++i) {
        scene.panel.scroll(kDenoise, 1.0, {}, scene.now_ms += 100);
        scene.panel.idle(scene.now_ms);
    }
    CHECK(scene.host.log.size() == 7);  // gesture, touch, five values
    CHECK_NEAR(static_cast<double>(scene.value(Control::denoise)), 0.7, 1e-6);
    scene.panel.idle(scene.now_ms + 399);
    CHECK(scene.host.log.size() == 7);
    scene.panel.idle(scene.now_ms + 400);
    CHECK(scene.host.log.back() == "gesture denoise off");
}

void the_host_moves_a_knob_only_while_no_hand_is_on_it() {
    Scene scene;
    const int denoise = index_of(Control::denoise);
    scene.press(kDenoise);
    scene.panel.hear_value(denoise, 0.1f);
    CHECK(scene.value(Control::denoise) == 0.6f);
    scene.panel.release();
    scene.panel.hear_value(denoise, 0.1f);
    CHECK(scene.value(Control::denoise) == 0.1f);
}

void no_value_of_a_host_gets_out_of_hand() {
    Scene scene;
    const float odd[] = {kNan, -kNan, INFINITY, -INFINITY, 1e30f, -1e30f, 0.5f};
    for (int control = -2; control < kControlCount + 2; ++control)
        for (const float value : odd) scene.panel.hear_value(control, value);
    bool held = true;
    for (int i = 0; i < kControlCount; ++i) {
        const float value = scene.panel.controls().value(i);
        held = held && value >= kControls[i].minimum && value <= kControls[i].maximum;
    }
    CHECK(held);
    CHECK(scene.host.values.empty());
}

void every_control_for_a_hand_is_in_the_window() {
    Scene scene;
    const auto poke = [&scene](Point at) {
        scene.panel.scroll(at, 1.0, {}, scene.now_ms);
        scene.panel.scroll(at, -1.0, {}, scene.now_ms);
        for (const double dy : {0.0, -30.0, 0.0, 30.0}) scene.click({at.x, at.y + dy});
        scene.panel.idle(scene.now_ms += 1000);
        scene.panel.key(Key::escape, {});
    };
    for (double x = 4.0; x < kPanelWidth; x += 8.0)
        for (double y = 4.0; y < kPanelHeight; y += 8.0) poke({x, y});
    std::set<int> moved;
    for (const auto& [control, value] : scene.host.values) moved.insert(control);
    for (int i = 0; i < kControlCount; ++i) {
        // `wait` is the host's own switch (LV2); by hand it is mode=bounce.
        const bool wanted = kControls[i].role != Role::display && i != index_of(Control::wait);
        CHECK((moved.count(i) == 1) == wanted);
    }
}

void what_is_written_goes_out_on_enter_and_only_then() {
    Scene scene;
    scene.click(kPrompt);
    CHECK(scene.panel.is_editing() && scene.host.keys_wanted);
    CHECK(scene.panel.character("warm ") && scene.panel.character("\u65e5"));
    CHECK(scene.host.log.empty());
    CHECK(scene.panel.key(Key::enter, {}));
    CHECK((scene.host.log == std::vector<std::string>{"prompt=warm \u65e5"}));
    CHECK(!scene.panel.is_editing() && !scene.host.keys_wanted);
    scene.click(kPrompt);
    scene.panel.key(Key::enter, {});
    CHECK(scene.host.log.size() == 1);  // nothing new, nothing told
}

void escape_leaves_it_as_it_was_and_a_click_elsewhere_commits() {
    Scene scene;
    scene.panel.hear_text("prompt", "before");
    scene.click(kPrompt);
    scene.panel.character("xyz");
    scene.panel.key(Key::escape, {});
    CHECK(scene.panel.text("prompt") == "before" && scene.host.log.empty());
    scene.click(kPrompt);
    scene.panel.key(Key::end, {});
    scene.panel.character("!");
    scene.click(kNothing);
    CHECK(scene.host.texts["prompt"] == "before!");
    scene.click(kPrompt);
    scene.panel.key(Key::end, {});
    scene.panel.character("?");
    scene.click(kPromptB);  // straight into the next field
    CHECK(scene.host.texts["prompt"] == "before!?" && scene.panel.is_editing());
    scene.panel.character("b");
    scene.panel.leave_edit();
    CHECK(scene.host.texts["prompt_b"] == "b");
}

void keys_are_the_hosts_while_nothing_is_edited() {
    Scene scene;
    for (const Key key : {Key::left, Key::enter, Key::escape, Key::tab, Key::backspace, Key::other})
        CHECK(!scene.panel.key(key, {}));
    CHECK(!scene.panel.character(" ") && !scene.panel.shortcut('a'));
    scene.panel.paste("late answer");
    CHECK(scene.host.log.empty());
    scene.click(kDenoise);
    CHECK(!scene.panel.key(Key::other, {}));
}

void what_the_plugin_would_refuse_is_not_sent() {
    Scene scene;
    scene.panel.hear_text("seed", "7");
    scene.click(kSeed);
    scene.panel.shortcut('a');
    scene.panel.character("99999999999");
    scene.panel.key(Key::enter, {});
    CHECK(scene.panel.is_editing() && scene.host.log.empty());
    scene.click(kNothing);
    CHECK(!scene.panel.is_editing() && scene.panel.text("seed") == "7" && scene.host.log.empty());
}

void names_of_loras_are_written_between_commas() {
    Scene scene;
    scene.click(kLoras);
    scene.panel.character("city-pop, /etc");
    scene.panel.key(Key::enter, {});
    CHECK(scene.panel.is_editing() && scene.host.log.empty());
    scene.panel.shortcut('a');
    scene.panel.character("city-pop, , voice_v1.2");
    scene.panel.key(Key::enter, {});
    CHECK(!scene.panel.is_editing() && scene.host.texts["loras"] == "city-pop, , voice_v1.2");
}

void a_number_is_replaced_by_typing_and_held_in_its_range() {
    Scene scene;
    scene.click(kBuffer);
    scene.panel.character("1500");
    scene.panel.key(Key::enter, {});
    CHECK(scene.value(Control::buffer_ms) == 1500.0f);
    scene.click(kBuffer);
    scene.panel.character("999999");
    scene.panel.key(Key::tab, {});
    CHECK(scene.value(Control::buffer_ms) == kControls[index_of(Control::buffer_ms)].maximum);
    CHECK(scene.panel.is_editing());  // in the next field
    CHECK(scene.host.values.size() == 2);
}

void copy_cut_and_paste_work_on_the_selection() {
    Scene scene;
    scene.click(kPrompt);
    scene.panel.character("tape hiss");
    scene.panel.shortcut('a');
    scene.panel.shortcut('c');
    CHECK(scene.host.copied == "tape hiss");
    scene.panel.shortcut('x');
    scene.panel.shortcut('v');
    CHECK(scene.host.paste_asked);
    scene.panel.paste("two\nlines \xff");
    scene.panel.key(Key::enter, {});
    CHECK(scene.host.texts["prompt"] == "two lines ");
}

void a_prompt_holds_two_thousand_letters_and_no_more() {
    Scene scene;
    scene.click(kPrompt);
    for (int i = 0; i < 300; ++i) scene.panel.character("\u65e5\u672c\u8a9e words ");
    scene.panel.key(Key::enter, {});
    CHECK(utf8::count(scene.host.texts["prompt"]) == 2000);
}

void the_plugins_words_do_not_disturb_what_is_being_written() {
    Scene scene;
    scene.click(kPrompt);
    scene.panel.character("mine");
    scene.panel.hear_text("prompt", "theirs");
    scene.panel.hear_text("no_such_key", "x");
    scene.panel.key(Key::enter, {});
    CHECK(scene.host.texts["prompt"] == "mine");
    scene.click(kPromptB);
    scene.panel.hear_text("prompt_b", "theirs");
    scene.panel.key(Key::enter, {});
    CHECK(scene.host.texts.count("prompt_b") == 0 && scene.panel.text("prompt_b") == "theirs");
}

void a_list_sets_what_is_clicked_and_closes_on_a_click_beside_it() {
    Scene scene;
    scene.click(kSolver);
    scene.click(kNothing);
    CHECK(scene.host.values.empty());
    scene.click(kSolver);
    scene.click({kSolver.x, kSolver.y - 28.0});  // the last row of a list that opens upwards
    CHECK(scene.host.values.size() == 1);
    CHECK(scene.value(Control::solver) == 1.0f);
}

void the_bypass_button_switches_there_and_back() {
    Scene scene;
    scene.click(kBypass);
    CHECK(scene.value(Control::bypass) == 1.0f);
    scene.click(kBypass);
    CHECK(scene.value(Control::bypass) == 0.0f);
}

void details_are_shown_while_they_are_about_the_present_status() {
    Scene scene;
    const int status = index_of(Control::status);
    const auto hear = [&](Status now) { scene.panel.hear_value(status, static_cast<float>(index_of(now))); };
    CHECK(scene.panel.status_sentence().find("not told") != std::string::npos);
    scene.panel.hear_text("details", "The seed is too long.");  // some hosts tell texts first
    hear(Status::refused);
    CHECK(scene.panel.status_sentence() == "The seed is too long.");
    hear(Status::playing);
    CHECK(scene.panel.status_sentence() == advice_for(Status::playing).sentence);
    scene.panel.hear_text("details", "Bar 12 was late.");
    CHECK(scene.panel.status_sentence() == "Bar 12 was late.");
    scene.panel.hear_text("details", "");
    CHECK(scene.panel.status_sentence() == advice_for(Status::playing).sentence);
}

/// A plugin whose words and values can be set.
class MadeUpSide : public PluginSide {
public:
    std::string state(const char* key) override {
        const auto found = texts.find(key);
        return found == texts.end() ? std::string() : found->second;
    }
    float value(int control) const noexcept override { return values[static_cast<std::size_t>(control)]; }

    std::map<std::string, std::string> texts;
    void set(Control control, float value) { values[static_cast<std::size_t>(index_of(control))] = value; }

    std::vector<float> values = std::vector<float>(kControlCount, 0.0f);
};

void the_plugin_is_read_where_the_host_tells_nothing() {
    Scene scene;
    auto owned = std::make_unique<MadeUpSide>();
    MadeUpSide& side = *owned;
    PluginReader reader(std::move(owned));
    side.texts = {{"prompt", "saved"}, {"details", "All is well."}};
    side.set(Control::status, static_cast<float>(index_of(Status::playing)));
    side.set(Control::lead_ms, kNan);
    reader.idle(scene.panel, 0);
    CHECK(scene.panel.text("prompt") == "saved");
    CHECK(scene.value(Control::status) == static_cast<float>(index_of(Status::playing)));
    CHECK(scene.panel.status_sentence() == "All is well.");
    // A value on its way through the host is not taken back by the old one still read here.
    scene.press(kDenoise);
    scene.panel.move({80.0, 247.0}, {});
    scene.panel.release();
    const float turned = scene.value(Control::denoise);
    reader.idle(scene.panel, 100);
    CHECK(scene.value(Control::denoise) == turned);
    side.set(Control::denoise, 0.25f);
    reader.idle(scene.panel, 150);  // too soon
    CHECK(scene.value(Control::denoise) == turned);
    reader.idle(scene.panel, 200);
    CHECK(scene.value(Control::denoise) == 0.25f);
    CHECK(scene.host.texts.count("prompt") == 0);
    // Words come with a new status at once, else a little later.
    side.texts["details"] = "Bar 3 is late.";
    reader.idle(scene.panel, 300);
    CHECK(scene.panel.status_sentence() == "All is well.");
    side.set(Control::status, static_cast<float>(index_of(Status::late)));
    reader.idle(scene.panel, 390);  // too soon
    reader.idle(scene.panel, 400);
    CHECK(scene.panel.status_sentence() == "Bar 3 is late.");
    PluginReader(nullptr).idle(scene.panel, 0);
}

bool draws(const Panel& panel, int width, int height, double scale) {
    cairo_surface_t* picture = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t* cr = cairo_create(picture);
    cairo_scale(cr, scale, scale);
    panel.draw(cr);
    const bool good = cairo_status(cr) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cr);
    cairo_surface_destroy(picture);
    return good;
}

void it_draws_at_every_size_and_in_every_status() {
    Scene scene;
    CHECK(draws(scene.panel, 680, 542, 1.0));
    CHECK(draws(scene.panel, 1, 1, 0.01) && draws(scene.panel, 30, 3000, 0.05));
    CHECK(draws(scene.panel, 2720, 1880, 4.0));
    for (std::size_t i = 0; i < std::size(kStatusWords); ++i) {
        scene.panel.hear_value(index_of(Control::status), static_cast<float>(i));
        CHECK(draws(scene.panel, 680, 542, 1.0));
    }
    scene.panel.hear_text("details", "\xff\xc3(" + std::string(100000, 'x'));
    scene.panel.hear_text("prompt", std::string(5000, '\xe6'));
    CHECK(draws(scene.panel, 680, 542, 1.0));
}

void a_wild_hand_breaks_nothing_and_leaves_no_gesture_open() {
    Scene scene;
    std::mt19937 random(7);
    const auto any = [&random](double top) { return static_cast<double>(random()) / 4294967295.0 * top; };
    bool good = true;
    for (int i = 0; i < 5000; ++i) {
        const Point at{any(kPanelWidth + 40.0) - 20.0, any(kPanelHeight + 40.0) - 20.0};
        const Mods mods{random() % 2 == 0, random() % 4 == 0, false};
        scene.now_ms += static_cast<std::int64_t>(random() % 200);
        switch (random() % 9) {
        case 0: scene.panel.press(at, mods, scene.now_ms); break;
        case 1: scene.panel.release(); break;
        case 2: scene.panel.move(at, mods); break;
        case 3: scene.panel.scroll(at, any(4.0) - 2.0, mods, scene.now_ms); break;
        case 4: scene.panel.key(static_cast<Key>(random() % 12), mods); break;
        case 5: scene.panel.character(std::string(1, static_cast<char>(random()))); break;
        case 6: scene.panel.shortcut("acvx"[random() % 4]); break;
        case 7: scene.panel.hear_value(static_cast<int>(random() % 30) - 3, 0.25f); break;
        default: scene.panel.idle(scene.now_ms); break;
        }
        if (i % 100 == 0) good = good && draws(scene.panel, 340, 271, 0.5);
    }
    scene.panel.release();
    scene.panel.idle(scene.now_ms + 1000);
    std::map<std::string, int> open;
    for (const std::string& line : scene.host.log) {
        if (line.rfind("gesture ", 0) != 0) continue;
        const bool on = line.substr(line.size() - 3) == " on";
        const int now = open[line.substr(8, line.rfind(' ') - 8)] += on ? 1 : -1;
        good = good && (now == 0 || now == 1);
    }
    CHECK(good);
    CHECK(open.size() >= 11);  // the knobs, at least
    for (const auto& [name, count] : open) CHECK(count == 0);
}

void closing_the_window_keeps_what_was_written_and_lets_go() {
    LoggingHost host;
    {
        Panel panel(host);
        panel.press(kPrompt, {}, 0);
        panel.release();
        panel.character("kept");
        panel.scroll(kDenoise, 1.0, {}, 0);
    }
    CHECK(host.texts["prompt"] == "kept");
    CHECK(host.texts["touch"] == "denoise 0");
}

}  // namespace

int main() {
    a_drag_is_a_gesture_that_the_plugin_is_told_of();
    shift_makes_a_drag_ten_times_finer_and_the_range_holds_it();
    a_double_click_brings_the_default_back();
    a_wheel_is_one_gesture_until_it_rests();
    the_host_moves_a_knob_only_while_no_hand_is_on_it();
    no_value_of_a_host_gets_out_of_hand();
    every_control_for_a_hand_is_in_the_window();
    what_is_written_goes_out_on_enter_and_only_then();
    escape_leaves_it_as_it_was_and_a_click_elsewhere_commits();
    keys_are_the_hosts_while_nothing_is_edited();
    what_the_plugin_would_refuse_is_not_sent();
    names_of_loras_are_written_between_commas();
    a_number_is_replaced_by_typing_and_held_in_its_range();
    copy_cut_and_paste_work_on_the_selection();
    a_prompt_holds_two_thousand_letters_and_no_more();
    the_plugins_words_do_not_disturb_what_is_being_written();
    a_list_sets_what_is_clicked_and_closes_on_a_click_beside_it();
    the_bypass_button_switches_there_and_back();
    details_are_shown_while_they_are_about_the_present_status();
    the_plugin_is_read_where_the_host_tells_nothing();
    it_draws_at_every_size_and_in_every_status();
    a_wild_hand_breaks_nothing_and_leaves_no_gesture_open();
    closing_the_window_keeps_what_was_written_and_lets_go();
    return check::finish();
}
