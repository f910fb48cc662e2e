// The plugin's window for DPF: it shows a Panel, and hands events and values both ways.
#include <DistrhoUI.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ui/panel.hpp"
#include "ui/plugin_reader.hpp"
#include "ui/utf8.hpp"
#include "ui/x11_clipboard.hpp"
#include "ui/x11_keyboard.hpp"

START_NAMESPACE_DISTRHO

namespace {

namespace ui = anacrusis::ui;

constexpr double kSmallest = 0.5;  // of the base size
constexpr std::int64_t kFocusAskedMs = 150;

std::int64_t now_ms() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

uint pixels(double units, double scale) { return static_cast<uint>(std::lround(units * scale)); }

double sane_scale(double scale) { return std::isfinite(scale) ? std::clamp(scale, kSmallest, 8.0) : 1.0; }

ui::Mods mods_of(uint mod) {
    return {(mod & kModifierShift) != 0, (mod & kModifierControl) != 0, (mod & kModifierAlt) != 0};
}

std::uint16_t x11_state(uint mod) {
    unsigned state = 0;
    if (mod & kModifierShift) state |= XCB_MOD_MASK_SHIFT;
    if (mod & kModifierControl) state |= XCB_MOD_MASK_CONTROL;
    if (mod & kModifierAlt) state |= XCB_MOD_MASK_1;
    if (mod & kModifierSuper) state |= XCB_MOD_MASK_4;
    return static_cast<std::uint16_t>(state);
}

ui::Key key_of(uint key) {
    switch (key) {
    case kKeyLeft: return ui::Key::left;
    case kKeyRight: return ui::Key::right;
    case kKeyUp: return ui::Key::up;
    case kKeyDown: return ui::Key::down;
    case kKeyHome: return ui::Key::home;
    case kKeyEnd: return ui::Key::end;
    case kKeyBackspace: return ui::Key::backspace;
    case kKeyDelete: return ui::Key::erase;
    case kKeyEscape: return ui::Key::escape;
    case '\r':
    case '\n': return ui::Key::enter;
    case '\t': return ui::Key::tab;
    default: return ui::Key::other;
    }
}

}  // namespace

class AnacrusisUI : public UI, private ui::PanelHost {
public:
    AnacrusisUI()
        : UI(pixels(ui::kPanelWidth, 1.0), pixels(ui::kPanelHeight, 1.0)),
          keyboard_(link_),
          clipboard_(link_),
          reader_(ui::plugin_side(plugin_pointer())),
          panel_(*this) {
        setGeometryConstraints(pixels(ui::kPanelWidth, kSmallest), pixels(ui::kPanelHeight, kSmallest), true);
        const double scale = sane_scale(getScaleFactor());
        if (scale < 1.0 || scale > 1.0)
            setSize(pixels(ui::kPanelWidth, scale), pixels(ui::kPanelHeight, scale));
    }

protected:
    // ---------------------------------------------------------------- from the host

    void parameterChanged(uint32_t index, float value) override {
        if (index < anacrusis::kControlCount) panel_.hear_value(static_cast<int>(index), value);
    }

    void stateChanged(const char* key, const char* value) override { panel_.hear_text(key, value); }

    void uiScaleFactorChanged(double factor) override {
        const double scale = sane_scale(factor);
        setSize(pixels(ui::kPanelWidth, scale), pixels(ui::kPanelHeight, scale));
    }

    void uiIdle() override {
        const std::int64_t now = now_ms();
        reader_.idle(panel_, now);
        panel_.idle(now);
        if (const auto text = clipboard_.idle()) panel_.paste(*text);
        if (!panel_.is_editing() || now - focus_asked_ms_ < kFocusAskedMs) return;
        focus_asked_ms_ = now;
        if (keyboard_.is_lost(window())) panel_.leave_edit();
    }

    void onCairoDisplay(const CairoGraphicsContext& context) override {
        cairo_t* const cr = context.handle;
        cairo_save(cr);
        cairo_set_source_rgb(cr, ui::kBackground.red, ui::kBackground.green, ui::kBackground.blue);
        cairo_paint(cr);
        cairo_translate(cr, left(), top());
        cairo_scale(cr, scale(), scale());
        panel_.draw(cr);
        cairo_restore(cr);
    }

    // ---------------------------------------------------------------- a hand

    bool onMouse(const MouseEvent& ev) override {
        if (ev.button != kMouseButtonLeft) return false;
        if (ev.press) return panel_.press(inside(ev.pos), mods_of(ev.mod), now_ms());
        panel_.release();
        return true;
    }

    bool onMotion(const MotionEvent& ev) override {
        panel_.move(inside(ev.pos), mods_of(ev.mod));
        return false;
    }

    bool onScroll(const ScrollEvent& ev) override {
        return panel_.scroll(inside(ev.pos), ev.delta.getY(), mods_of(ev.mod), now_ms());
    }

    // ---------------------------------------------------------------- the keyboard

    bool onKeyboard(const KeyboardEvent& ev) override {
        if (!panel_.is_editing()) {
            pass_on(ev);
            return false;
        }
        if (!ev.press) return true;
        if ((ev.mod & kModifierControl) != 0 && ev.key >= 'a' && ev.key <= 'z')
            return panel_.shortcut(static_cast<char>(ev.key));
        return panel_.key(key_of(ev.key), mods_of(ev.mod));
    }

    bool onCharacterInput(const CharacterInputEvent& ev) override {
        if ((ev.mod & (kModifierControl | kModifierAlt | kModifierSuper)) != 0) return panel_.is_editing();
        if (ev.character == '\r' || ev.character == '\n' || ev.character == '\t') return panel_.is_editing();
        // The VST3 wrapper gives the character alone.
        const bool has_text = ev.string[0] != '\0';
        return panel_.character(has_text ? std::string(ev.string) : ui::utf8::encode(ev.character));
    }

private:
    // ---------------------------------------------------------------- PanelHost

    void gesture(int control, bool touched) override {
        editParameter(static_cast<uint32_t>(control), touched);
    }
    void set_value(int control, float value) override {
        setParameterValue(static_cast<uint32_t>(control), value);
    }
    void set_text(const char* key, const std::string& text) override { setState(key, text.c_str()); }
    void copy(const std::string& text) override { clipboard_.copy(text); }
    void ask_for_paste() override {
        if (const auto text = clipboard_.ask()) panel_.paste(*text);
    }
    void redraw() override { repaint(); }

    void want_keys(bool wanted) override {
        if (wanted)
            keyboard_.take(window());
        else
            keyboard_.give_back(window());
    }

    void* plugin_pointer() const noexcept {
#if DISTRHO_PLUGIN_WANT_DIRECT_ACCESS
        return getPluginInstancePointer();
#else
        return nullptr;
#endif
    }

    // ---------------------------------------------------------------- places

    xcb_window_t window() const { return static_cast<xcb_window_t>(getWindow().getNativeWindowHandle()); }

    double scale() const {
        const double fits = std::min(getWidth() / ui::kPanelWidth, getHeight() / ui::kPanelHeight);
        return std::max(fits, 0.01);
    }
    double left() const { return std::max(0.0, (getWidth() - scale() * ui::kPanelWidth) / 2.0); }
    double top() const { return std::max(0.0, (getHeight() - scale() * ui::kPanelHeight) / 2.0); }

    ui::Point inside(const Point<double>& at) const {
        return {(at.getX() - left()) / scale(), (at.getY() - top()) / scale()};
    }

    /// A key for the host that X gave to this window because the pointer is over it. What the host
    /// itself sent here (no time, or marked as sent) is not sent back.
    void pass_on(const KeyboardEvent& ev) {
        if (ev.time == 0 || (ev.flags & kFlagSendEvent) != 0 || !getWindow().isEmbed()) return;
        const auto code = static_cast<std::uint8_t>(ev.keycode);
        keyboard_.pass_on(window(), {ev.press, code, x11_state(ev.mod), ev.time});
    }

    ui::X11Link link_;
    ui::X11Keyboard keyboard_;
    ui::X11Clipboard clipboard_;
    std::int64_t focus_asked_ms_ = 0;
    ui::PluginReader reader_;
    ui::Panel panel_;  // last: it says goodbye through the others

    DISTRHO_DECLARE_NON_COPYABLE_WITH_LEAK_DETECTOR(AnacrusisUI)
};

UI* createUI() { return new AnacrusisUI; }

END_NAMESPACE_DISTRHO
