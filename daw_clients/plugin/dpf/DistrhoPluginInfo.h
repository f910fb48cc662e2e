// What DPF is told about the plugin at compile time. Hosts save most of this in their projects: the
// URI, the ids and the order of the controls never change.
#pragma once

#define DISTRHO_PLUGIN_NAME "Anacrusis"
#define DISTRHO_PLUGIN_URI "urn:anacrusis:bridge"
#define DISTRHO_PLUGIN_CLAP_ID "org.anacrusis.bridge"
#define DISTRHO_PLUGIN_CLAP_FEATURES "audio-effect", "stereo"
#define DISTRHO_PLUGIN_VST3_CATEGORIES "Fx"
#define DISTRHO_PLUGIN_LV2_STATE_PREFIX "urn:anacrusis:bridge:"

#define DISTRHO_PLUGIN_NUM_INPUTS 2
#define DISTRHO_PLUGIN_NUM_OUTPUTS 2
#define DISTRHO_PLUGIN_IS_RT_SAFE 1
#define DISTRHO_PLUGIN_WANT_MIDI_INPUT 1
#define DISTRHO_PLUGIN_WANT_TIMEPOS 1
#define DISTRHO_PLUGIN_WANT_LATENCY 1
#define DISTRHO_PLUGIN_WANT_STATE 1
#define DISTRHO_PLUGIN_WANT_FULL_STATE 1

// One object per plugin, its window included, in every format: the window reads words and status
// straight from the instance (dpf/instance_of.hpp), and VST3 has no second copy of the plugin.
#define DISTRHO_PLUGIN_WANT_DIRECT_ACCESS 1

#ifndef ANACRUSIS_UI
#define ANACRUSIS_UI 1
#endif
#define DISTRHO_PLUGIN_HAS_UI ANACRUSIS_UI
#define DISTRHO_UI_USE_NANOVG 0
#define DISTRHO_UI_FILE_BROWSER 0

// Bytes of an LV2 event port: a prompt of 2000 characters passes through.
#define DISTRHO_PLUGIN_MINIMUM_BUFFER_SIZE 32768
