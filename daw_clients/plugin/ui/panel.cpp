#include "ui/panel.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "ui/knob.hpp"
#include "ui/utf8.hpp"
#include "ui/value_text.hpp"

namespace anacrusis::ui {
namespace {

constexpr std::int64_t kTwiceMs = 350;
constexpr double kTwiceDistance = 4.0;
constexpr std::int64_t kBlinkMs = 530;
constexpr double kMargin = 16.0;
constexpr double kInner = kPanelWidth - 2.0 * kMargin;
constexpr double kFieldLeft = 84.0;

constexpr Rect kStatusBox{0.0, 0.0, kPanelWidth, 84.0};
constexpr Rect kBypassBox{kPanelWidth - kMargin - 70.0, 13.0, 70.0, 24.0};
constexpr double kBigTop = 218.0, kBigHeight = 96.0, kBigDiameter = 54.0;
constexpr double kSmallTop = 326.0, kSmallHeight = 66.0, kSmallDiameter = 32.0;
constexpr double kOptionsTop = 402.0, kOptionsHeight = 41.0, kOptionsGap = 8.0;
constexpr double kLorasTop = 454.0, kLorasFieldWidth = 300.0;
constexpr double kHelpBaseline = 533.0;

constexpr std::array kBig{Control::denoise, Control::morph, Control::prompt_blend, Control::dry_wet,
                          Control::output_gain};
constexpr std::array kSmall{Control::sde_blend,       Control::velocity,           Control::guidance,
                            Control::timbre_strength, Control::structure_strength, Control::feedback};
constexpr std::array kLoras{Control::lora_1, Control::lora_2, Control::lora_3, Control::lora_4};

double wheel_step(int control, Mods mods) {
    const double range = static_cast<double>(spec_of(control).maximum - spec_of(control).minimum);
    return range > 1000.0 && !mods.shift ? 10.0 : 1.0;
}

}  // namespace

Panel::Panel(PanelHost& host) : host_(host), controls_(host) {
    status_ = add<StatusLine>(kStatusBox, controls_);
    add<Toggle>(kBypassBox, controls_, index_of(Control::bypass));
    add_texts();
    add_knobs();
    add_options();
}

Panel::~Panel() {
    controls_.let_go_all();
    if (editing_ != nullptr) editing_->commit();
}

template <class Kind, class... Arguments>
Kind* Panel::add(Arguments&&... arguments) {
    widgets_.push_back(std::make_unique<Kind>(std::forward<Arguments>(arguments)...));
    return static_cast<Kind*>(widgets_.back().get());
}

void Panel::add_texts() {
    const double right = kPanelWidth - kMargin;
    add_text(kPromptRule, {kFieldLeft, 95.0, right - kFieldLeft, 46.0}, 2);
    add_text(kPromptBRule, {kFieldLeft, 148.0, right - kFieldLeft, 26.0}, 1);
    add_text(kEndpointRule, {kFieldLeft, 181.0, 196.0, 26.0}, 1);
    add_text(kSeedRule, {330.0, 181.0, 104.0, 26.0}, 1);
    add_text(kSourceRule, {500.0, 181.0, right - 500.0, 26.0}, 1);
    add_text(kLorasRule, {kFieldLeft, kLorasTop + 18.0, kLorasFieldWidth, 26.0}, 1);
}

void Panel::add_text(const TextRule& rule, Rect box, std::size_t lines) {
    const std::string key = rule.key;
    texts_[key];
    FieldSpec spec;
    spec.label = rule.label;
    spec.help = rule.help;
    spec.placeholder = rule.placeholder;
    spec.max_points = rule.max_points;
    spec.lines = lines;
    spec.text = [this, key] { return texts_[key]; };
    spec.shown = [this, key, &rule] { return rule.shown(texts_[key]); };
    spec.complaint = rule.complaint;
    spec.commit = [this, key](const std::string& text) {
        texts_[key] = text;
        host_.set_text(key.c_str(), text);
    };
    fields_.push_back(add<Field>(box, std::move(spec), fonts_));
}

void Panel::add_knobs() {
    const auto row = [this](const auto& controls, double top, double height, double diameter,
                            double left = kMargin) {
        const double width = (kPanelWidth - kMargin - left) / static_cast<double>(controls.size());
        for (const Control control : controls) {
            add<Knob>(Rect{left, top, width, height}, controls_, index_of(control), diameter);
            left += width;
        }
    };
    row(kBig, kBigTop, kBigHeight, kBigDiameter);
    row(kSmall, kSmallTop, kSmallHeight, kSmallDiameter);
    row(kLoras, kLorasTop, kSmallHeight, kSmallDiameter, kFieldLeft + kLorasFieldWidth + kMargin);
}

void Panel::add_options() {
    double left = kMargin;
    const auto box = [&left](double width) {
        const Rect place{left, kOptionsTop, width, kOptionsHeight};
        left += width + kOptionsGap;
        return place;
    };
    add_choice(Control::mode, box(86.0));
    add_number(Control::interval_bars, box(72.0));
    add_choice(Control::quantise, box(98.0));
    add_number(Control::buffer_ms, box(82.0));
    add_number(Control::wait_s, box(68.0));
    add_choice(Control::solver, box(72.0));
    add_choice(Control::guidance_mode, box(122.0));
}

void Panel::add_choice(Control control, Rect box) {
    const auto open = [this](int which, Rect under) { list_.emplace(which, under, kLorasTop); };
    add<Choice>(box, controls_, index_of(control), open);
}

void Panel::add_number(Control which, Rect box) {
    const int control = index_of(which);
    FieldSpec spec;
    spec.label = spec_of(control).label;
    spec.help = spec_of(control).help;
    spec.max_points = 8;
    spec.label_above = true;
    spec.control = control;
    spec.text = [this, control] { return std::to_string(std::lround(controls_.value(control))); };
    spec.shown = [this, control] { return value_text(control, controls_.value(control)); };
    spec.complaint = [](std::string_view text) {
        return whole_number(text) ? nullptr : "Write a whole number.";
    };
    spec.commit = [this, control](const std::string& text) {
        controls_.set(control, static_cast<double>(whole_number(text).value_or(0)));
    };
    spec.step = [this, control](double steps, Mods mods, std::int64_t now_ms) {
        const double by = (steps > 0.0 ? 1.0 : -1.0) * wheel_step(control, mods);
        controls_.nudge(control, static_cast<double>(controls_.value(control)) + by, now_ms);
    };
    fields_.push_back(add<Field>(box, std::move(spec), fonts_));
}

// ---------------------------------------------------------------------------------------- drawing

/// Whether a name is written for that place, counted from 0.
bool Panel::has_lora(int place) const {
    std::string names = text("loras");
    for (; place > 0; --place) {
        const std::size_t comma = names.find(',');
        if (comma == std::string::npos) return false;
        names.erase(0, comma + 1);
    }
    return names.substr(0, names.find(',')).find_first_not_of(' ') != std::string::npos;
}

/// Whether a control changes anything as the others stand.
bool Panel::is_heard(int control) const {
    const auto is_first = [this](Control which) { return controls_.choice(index_of(which)) == 0; };
    switch (static_cast<Control>(control)) {
    case Control::sde_blend: return !is_first(Control::solver);
    case Control::guidance: return !is_first(Control::guidance_mode);
    case Control::interval_bars: return controls_.choice(index_of(Control::mode)) == 1;
    case Control::prompt_blend: return !text("prompt_b").empty();
    case Control::lora_1:
    case Control::lora_2:
    case Control::lora_3:
    case Control::lora_4: return has_lora(control - index_of(Control::lora_1));
    default: return true;
    }
}

void Panel::draw(cairo_t* cr) const {
    Canvas canvas(cr, fonts_);
    canvas.fill({0.0, 0.0, kPanelWidth, kPanelHeight}, kBackground);
    for (const auto& widget : widgets_) {
        const bool heard = widget->control() < 0 || is_heard(widget->control());
        widget->draw(canvas, {widget.get() == hovered_ && !list_, !heard});
    }
    canvas.text_fitted({kMargin, kHelpBaseline}, kInner, help(), kHelpFont, kMuted);
    if (list_) list_->draw(canvas, controls_.choice(list_->control()));
}

std::string Panel::help() const {
    if (held_ != nullptr) return held_->help();
    if (editing_ != nullptr) return editing_->help();
    return hovered_ != nullptr ? hovered_->help() : std::string();
}

// ---------------------------------------------------------------------------------------- the host

void Panel::hear_value(int control, float value) {
    if (!controls_.hear(control, value)) return;
    if (control == index_of(Control::status)) status_->status_heard();
    host_.redraw();
}

void Panel::hear_text(std::string_view key, std::string_view text) {
    if (key == "details") {
        if (status_->set_details(text)) host_.redraw();
        return;
    }
    const auto found = texts_.find(key);
    if (found == texts_.end()) return;
    std::string clean = utf8::clean(text, kPromptRule.max_points);
    if (clean == found->second) return;
    found->second = std::move(clean);
    host_.redraw();
}

std::string Panel::text(std::string_view key) const {
    const auto found = texts_.find(key);
    return found == texts_.end() ? std::string() : found->second;
}

std::vector<std::string> Panel::text_keys() const {
    std::vector<std::string> keys;
    for (const auto& [key, text] : texts_) keys.push_back(key);
    return keys;
}

// ---------------------------------------------------------------------------------------- a hand

Widget* Panel::widget_at(Point at) const noexcept {
    // Later ones lie over earlier ones.
    for (auto it = widgets_.rbegin(); it != widgets_.rend(); ++it)
        if ((*it)->box().contains(at)) return it->get();
    return nullptr;
}

bool Panel::press_list(Point at) {
    if (!list_) return false;
    const int choice = list_->choice_at(at);
    const int control = list_->control();
    list_.reset();
    if (choice >= 0) controls_.set(control, choice);
    host_.redraw();
    return true;
}

bool Panel::is_twice(const Widget* widget, Point at, std::int64_t now_ms) noexcept {
    const Click last = last_click_;
    const bool twice = widget != nullptr && widget == last.widget && now_ms - last.at_ms <= kTwiceMs &&
                       std::hypot(at.x - last.at.x, at.y - last.at.y) <= kTwiceDistance;
    last_click_ = twice ? Click{} : Click{widget, at, now_ms};
    return twice;
}

bool Panel::press(Point at, Mods mods, std::int64_t now_ms) {
    release();
    if (press_list(at)) return true;
    Widget* const widget = widget_at(at);
    const auto field = std::find(fields_.begin(), fields_.end(), widget);
    if (editing_ != nullptr && editing_ != widget) leave_edit();
    const bool twice = is_twice(widget, at, now_ms);
    if (widget == nullptr) return false;
    const bool begins = field != fields_.end() && !(*field)->is_editing();
    if (begins) begin_edit(*field);
    held_ = widget;
    // A number's first click selects it all, so that typing replaces it.
    if (!begins || widget->control() < 0) widget->press({at, mods, now_ms, twice});
    host_.redraw();
    return true;
}

void Panel::move(Point to, Mods mods) {
    if (list_) {
        if (list_->hover(to)) host_.redraw();
        return;
    }
    if (held_ != nullptr) {
        held_->drag(to, mods);
        return host_.redraw();
    }
    Widget* const under = widget_at(to);
    if (under == hovered_) return;
    hovered_ = under;
    host_.redraw();
}

void Panel::release() {
    if (held_ == nullptr) return;
    std::exchange(held_, nullptr)->release();
    host_.redraw();
}

bool Panel::scroll(Point at, double steps, Mods mods, std::int64_t now_ms) {
    if (list_ || held_ != nullptr || !(std::abs(steps) > 0.0)) return list_ || held_ != nullptr;
    Widget* const widget = widget_at(at);
    if (widget == nullptr || !widget->scroll(steps, mods, now_ms)) return false;
    host_.redraw();
    return true;
}

// ---------------------------------------------------------------------------------------- the keyboard

void Panel::begin_edit(Field* field) {
    editing_ = field;
    field->begin();
    caret_on_ = true;
    host_.want_keys(true);
}

void Panel::end_edit() noexcept {
    editing_ = nullptr;
    held_ = nullptr;
    host_.want_keys(false);
    host_.redraw();
}

bool Panel::commit_edit() {
    const bool done = editing_->commit();
    if (done) end_edit();
    host_.redraw();
    return done;
}

void Panel::leave_edit() {
    if (editing_ == nullptr || commit_edit()) return;
    editing_->cancel();
    end_edit();
}

void Panel::next_field(bool back) {
    const auto count = static_cast<std::ptrdiff_t>(fields_.size());
    const auto here = std::find(fields_.begin(), fields_.end(), editing_) - fields_.begin();
    if (!commit_edit()) return;
    begin_edit(fields_[static_cast<std::size_t>((here + (back ? count - 1 : 1)) % count)]);
    editing_->select_all();
}

bool Panel::key(Key key, Mods mods) {
    if (editing_ == nullptr) return false;
    switch (key) {
    case Key::enter: commit_edit(); break;
    case Key::tab: next_field(mods.shift); break;
    case Key::escape:
        editing_->cancel();
        end_edit();
        break;
    default: editing_->key(key, mods); break;
    }
    caret_on_ = true;
    host_.redraw();
    return true;
}

bool Panel::shortcut(char letter) {
    if (editing_ == nullptr) return false;
    if (letter == 'a') editing_->select_all();
    if (letter == 'v') host_.ask_for_paste();
    if ((letter == 'c' || letter == 'x') && !editing_->selected().empty()) host_.copy(editing_->selected());
    if (letter == 'x') editing_->cut();
    host_.redraw();
    return true;
}

bool Panel::character(std::string_view utf8) {
    if (editing_ == nullptr) return false;
    editing_->insert(utf8);
    host_.redraw();
    return true;
}

void Panel::paste(std::string_view text) { character(text); }

void Panel::idle(std::int64_t now_ms) {
    controls_.idle(now_ms);
    if (editing_ == nullptr || now_ms - blink_ms_ < kBlinkMs) return;
    blink_ms_ = now_ms;
    caret_on_ = !caret_on_;
    editing_->show_caret(caret_on_);
    host_.redraw();
}

}  // namespace anacrusis::ui
