#include "ui/plugin_reader.hpp"

#include <cmath>
#include <limits>
#include <utility>

namespace anacrusis::ui {
namespace {

// What is no number is never news.
bool is_news(float value, float before) noexcept {
    return std::isnan(before) ? !std::isnan(value) : value < before || value > before;
}

}  // namespace

PluginReader::PluginReader(std::unique_ptr<PluginSide> side) noexcept : side_(std::move(side)) {
    values_.fill(std::numeric_limits<float>::quiet_NaN());
}

void PluginReader::idle(Panel& panel, std::int64_t now_ms) {
    if (!side_ || now_ms - values_at_ms_ < kValuesMs) return;
    values_at_ms_ = now_ms;
    const float status_before = status();
    read_values(panel);
    if (!is_news(status(), status_before) && now_ms - words_at_ms_ < kWordsMs) return;
    words_at_ms_ = now_ms;
    read_words(panel);
}

void PluginReader::read_values(Panel& panel) {
    for (int i = 0; i < kControlCount; ++i) {
        float& before = values_[static_cast<std::size_t>(i)];
        const float value = side_->value(i);
        if (!is_news(value, before)) continue;
        before = value;
        panel.hear_value(i, value);
    }
}

void PluginReader::read_words(Panel& panel) {
    for (const std::string& key : panel.text_keys()) panel.hear_text(key, side_->state(key.c_str()));
    // Every time: they are about the status read just before.
    panel.hear_text("details", side_->state("details"));
}

}  // namespace anacrusis::ui
