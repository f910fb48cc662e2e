// The window's whole content, without a window: it is drawn on any Cairo context, and told of presses,
// keys and values by whoever shows it (window.cpp; the tests).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ui/choice.hpp"
#include "ui/controls.hpp"
#include "ui/field.hpp"
#include "ui/panel_host.hpp"
#include "ui/status_line.hpp"
#include "ui/text_rules.hpp"
#include "ui/widget.hpp"

namespace anacrusis::ui {

/// The base size: what one pixel is at scale 1.
inline constexpr double kPanelWidth = 680.0, kPanelHeight = 542.0;

/// The UI's thread only. Times are milliseconds of one steady clock.
class Panel {
public:
    explicit Panel(PanelHost& host);
    /// Lets go of all knobs and commits what is under edit, if that is fine.
    ~Panel();
    Panel(const Panel&) = delete;
    Panel& operator=(const Panel&) = delete;

    void draw(cairo_t* cr) const;

    /// The host's word on a control; any index and any float.
    void hear_value(int control, float value);
    /// The plugin's word on a state key; any key, any bytes. A field under edit keeps what is written.
    void hear_text(std::string_view key, std::string_view text);

    // A hand. True: it was for the panel.
    bool press(Point at, Mods mods, std::int64_t now_ms);
    void move(Point to, Mods mods);
    void release();
    bool scroll(Point at, double steps, Mods mods, std::int64_t now_ms);

    // The keyboard. Only while a field is under edit; false else.
    bool key(Key key, Mods mods);
    bool shortcut(char letter);  // with control: a, c, v, x
    bool character(std::string_view utf8);
    void paste(std::string_view text);

    bool is_editing() const noexcept { return editing_ != nullptr; }
    /// The keyboard went elsewhere: commits what is fine, drops what is not.
    void leave_edit();

    /// To be called often: blinks the caret, ends gestures of the wheel.
    void idle(std::int64_t now_ms);

    const Controls& controls() const noexcept { return controls_; }
    std::string text(std::string_view key) const;
    /// The state keys that are edited here.
    std::vector<std::string> text_keys() const;
    std::string status_sentence() const { return status_->sentence(); }

private:
    template <class Kind, class... Arguments>
    Kind* add(Arguments&&... arguments);
    void add_texts();
    void add_text(const TextRule& rule, Rect box, std::size_t lines);
    void add_knobs();
    void add_options();
    void add_number(Control control, Rect box);
    void add_choice(Control control, Rect box);

    Widget* widget_at(Point at) const noexcept;
    bool has_lora(int place) const;
    bool is_heard(int control) const;
    bool press_list(Point at);
    bool is_twice(const Widget* widget, Point at, std::int64_t now_ms) noexcept;
    void begin_edit(Field* field);
    void end_edit() noexcept;
    bool commit_edit();
    void next_field(bool back);
    std::string help() const;

    PanelHost& host_;
    Fonts fonts_;
    Controls controls_;
    std::map<std::string, std::string, std::less<>> texts_;
    std::vector<std::unique_ptr<Widget>> widgets_;
    std::vector<Field*> fields_;
    StatusLine* status_ = nullptr;
    std::optional<ChoiceList> list_;

    Widget* held_ = nullptr;
    Widget* hovered_ = nullptr;
    Field* editing_ = nullptr;

    struct Click {
        const Widget* widget = nullptr;
        Point at;
        std::int64_t at_ms = 0;
    } last_click_;
    std::int64_t blink_ms_ = 0;
    bool caret_on_ = true;
};

}  // namespace anacrusis::ui
