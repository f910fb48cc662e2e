#include "ui/value_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "ui/controls.hpp"

namespace anacrusis::ui {
namespace {

std::string formatted(const char* format, double value) {
    char buffer[48];
    std::snprintf(buffer, sizeof buffer, format, value);
    return buffer;
}

}  // namespace

std::string choice_text(int control, int choice) {
    const ControlSpec& spec = spec_of(control);
    if (choice < 0 || choice >= spec.choice_count) return {};
    std::string words = spec.choices[choice];
    std::replace(words.begin(), words.end(), '_', ' ');
    return words;
}

std::string value_text(int control, float value) {
    const ControlSpec& spec = spec_of(control);
    const double shown = static_cast<double>(fitting(control, static_cast<double>(value)));
    const std::string unit = *spec.unit ? std::string(" ") + spec.unit : std::string();
    switch (spec.law) {
    case Law::choice: return choice_text(control, static_cast<int>(shown));
    case Law::integer: return formatted("%.0f", shown) + unit;
    // Adding zero turns -0.0 into 0.0, so that no "-0.0" is shown.
    case Law::decibel: return formatted("%+.1f", std::round(shown * 10.0) / 10.0 + 0.0) + unit;
    case Law::linear: break;
    }
    return formatted("%.2f", shown) + unit;
}

std::optional<long> whole_number(std::string_view text) noexcept {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace anacrusis::ui
