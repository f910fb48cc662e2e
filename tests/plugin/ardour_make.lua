-- Makes a session: one stereo track with the plugin on it, a tempo, and stepped automation.
-- P is written before this by ardour_host.py.
AudioEngine:set_backend("None (Dummy)", "", "")
assert(create_session(P.folder, P.name, P.rate), "no session")

local map = Temporal.TempoMap.fetch_writable()
map:set_tempo(Temporal.Tempo(P.bpm, P.bpm, 4), Temporal.timepos_t(0))
Temporal.TempoMap.update(map)

local order, normal = ARDOUR.PresentationInfo.max_order, ARDOUR.TrackMode.Normal
local track = Session:new_audio_track(2, 2, nil, 1, P.track, order, normal, true):front()
for _ = 1, 500 do  -- another thread of Ardour's connects the track
    if track:output():audio(0):connected() then break end
    ARDOUR.LuaAPI.usleep(10000)
end
assert(track:output():audio(0):connected(), "the track is not connected")
local plugin = ARDOUR.LuaAPI.new_plugin(Session, P.plugin, ARDOUR.PluginType[P.kind], "")
assert(not plugin:isnil(), "Ardour can't load the plugin")
track:add_processor_by_index(plugin, 0, nil, true)
local insert = plugin:to_insert()

-- A parameter of the plugin by its label: its place among all, and the host's own number.
local function parameter_of(label)
    local shown = insert:plugin(0)
    for i = 0, shown:parameter_count() - 1 do
        local id = shown:nth_parameter(i, false)
        if shown:parameter_label(id) == label then return i, id end
    end
    error("the plugin has no parameter " .. label)
end

for label, steps in pairs(P.automation) do
    local place, id = parameter_of(label)
    local _, list = ARDOUR.LuaAPI.plugin_automation(plugin, place)
    list:set_interpolation(Evoral.InterpolationStyle.Discrete)
    for _, step in ipairs(steps) do
        list:add(Temporal.timepos_t(step[1]), step[2], false, true)
    end
    local parameter = Evoral.Parameter(ARDOUR.AutomationType.PluginAutomation, 0, id)
    local control = insert:to_automatable():automation_control(parameter, false)
    control:set_automation_state(ARDOUR.AutoState.Play)
end

Session:save_state("")
close_session()
quit()
