#include "ui/plugin_side.hpp"

#include "dpf/instance_of.hpp"

namespace anacrusis::ui {
namespace {

class InstanceSide final : public PluginSide {
public:
    explicit InstanceSide(Instance& instance) noexcept : instance_(instance) {}
    std::string state(const char* key) override { return instance_.state(key); }
    float value(int control) const noexcept override { return instance_.value(control); }

private:
    Instance& instance_;
};

}  // namespace

std::unique_ptr<PluginSide> plugin_side(void* instance_pointer) {
    if (instance_pointer == nullptr) return nullptr;
    return std::make_unique<InstanceSide>(instance_of(instance_pointer));
}

}  // namespace anacrusis::ui
