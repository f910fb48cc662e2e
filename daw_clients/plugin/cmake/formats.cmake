# One module per format, around the same objects. Bundles are relocatable: no rpath, no absolute path in
# them, nothing exported but the format's entry.
set(ANACRUSIS_BIN "${CMAKE_BINARY_DIR}/bin")

set(dpf_mains "${ANACRUSIS_DPF}/distrho/DistrhoPluginMain.cpp")
if(ANACRUSIS_UI)
    list(APPEND dpf_mains "${ANACRUSIS_DPF}/distrho/DistrhoUIMain.cpp")
endif()
set_source_files_properties(${dpf_mains} PROPERTIES COMPILE_OPTIONS -w)

function(anacrusis_format format suffix folder exports)
    set(target anacrusis_${format})
    string(TOUPPER ${format} FORMAT)
    add_library(${target} MODULE ${dpf_mains})
    target_compile_definitions(${target} PRIVATE DISTRHO_PLUGIN_TARGET_${FORMAT})
    target_link_libraries(${target} PRIVATE anacrusis_plugin)
    if(ANACRUSIS_UI)
        target_link_libraries(${target} PRIVATE anacrusis_window)
    endif()
    target_link_options(${target} PRIVATE
        "-Wl,--version-script=${ANACRUSIS_DPF}/utils/symbols/${exports}.version"
        -Wl,--no-undefined -Wl,--gc-sections)
    if(ANACRUSIS_STATIC_ZMQ AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
    elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL GNU)
        # Zig's modules don't run their exit handlers when they are unloaded, but at the host's exit.
        target_link_options(${target} PRIVATE -Wl,-z,nodelete)
    endif()
    set_target_properties(${target} PROPERTIES
        PREFIX "" OUTPUT_NAME anacrusis SUFFIX "${suffix}" LIBRARY_OUTPUT_DIRECTORY "${ANACRUSIS_BIN}${folder}")
    if(CMAKE_BUILD_TYPE STREQUAL Release)
        add_custom_command(TARGET ${target} POST_BUILD COMMAND "${CMAKE_STRIP}" --strip-unneeded "$<TARGET_FILE:${target}>")
    endif()
endfunction()

anacrusis_format(lv2 .so /anacrusis.lv2 lv2)
anacrusis_format(vst3 .so "/anacrusis.vst3/Contents/${CMAKE_SYSTEM_PROCESSOR}-linux" vst3)
anacrusis_format(clap .clap "" clap)

# LV2 is described in text files, which DPF writes from the plugin itself.
add_executable(lv2_ttl_generator "${ANACRUSIS_DPF}/utils/lv2-ttl-generator/lv2_ttl_generator.c")
target_compile_options(lv2_ttl_generator PRIVATE -w)
target_link_libraries(lv2_ttl_generator PRIVATE ${CMAKE_DL_LIBS})
add_dependencies(anacrusis_lv2 lv2_ttl_generator)
add_custom_command(TARGET anacrusis_lv2 POST_BUILD
    COMMAND lv2_ttl_generator "$<TARGET_FILE:anacrusis_lv2>" > "${CMAKE_BINARY_DIR}/ttl.log"
    WORKING_DIRECTORY "${ANACRUSIS_BIN}/anacrusis.lv2")

find_program(LV2_VALIDATE lv2_validate)
if(LV2_VALIDATE)
    add_test(NAME lv2_validate COMMAND "${LV2_VALIDATE}"  # files: a folder is not read, and passes
        "${ANACRUSIS_BIN}/anacrusis.lv2/manifest.ttl" "${ANACRUSIS_BIN}/anacrusis.lv2/anacrusis.ttl")
    set_tests_properties(lv2_validate PROPERTIES PASS_REGULAR_EXPRESSION "Found 0 errors among [1-9][0-9]+ files")
endif()
add_test(NAME bundles COMMAND "${CMAKE_COMMAND}" "-DBIN=${ANACRUSIS_BIN}" "-DSOURCE=${CMAKE_SOURCE_DIR}"
    "-DARCH=${CMAKE_SYSTEM_PROCESSOR}" -P "${CMAKE_CURRENT_SOURCE_DIR}/cmake/check_bundles.cmake")
