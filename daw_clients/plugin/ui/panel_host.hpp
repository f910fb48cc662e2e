// What the panel asks of the window it is shown in. All calls come on the UI's thread.
#pragma once

#include <string>

namespace anacrusis::ui {

class PanelHost {
public:
    virtual ~PanelHost() = default;

    /// A hand on a control (true) or off it.
    virtual void gesture(int control, bool touched) = 0;
    virtual void set_value(int control, float value) = 0;
    virtual void set_text(const char* key, const std::string& text) = 0;
    /// Whether key presses are wanted (a field is under edit) from now on.
    virtual void want_keys(bool wanted) = 0;
    virtual void copy(const std::string& text) = 0;
    /// Answered by Panel::paste(), at once or later, if at all.
    virtual void ask_for_paste() = 0;
    virtual void redraw() = 0;
};

}  // namespace anacrusis::ui
