{
  "target_defaults": {
    "cflags": ["-Wall", "-Wextra", "-Werror", "-O3", "-fstack-protector-strong"],
    "defines": ["_GNU_SOURCE", "_FORTIFY_SOURCE=2"]
  },
  "targets": [
    {
      "target_name": "shale",
      "variables": {
        "has_codecs%": "<!(node scripts/native-libs.mjs)"
      },
      "conditions": [
        ["has_codecs=='no'", {
          "type": "none"
        }, {
          "type": "loadable_module",
          "sources": [
            "native/core/crc32.c",
            "native/core/record.c",
            "native/core/sha256.c",
            "native/core/sha256_hardware.c",
            "native/core/sha256_lanes.c",
            "native/core/sha256_many.c",
            "native/core/sha256_scalar.c",
            "native/core/sha256_vector.c",
            "native/core/tar_entry.c",
            "native/core/tar_meta.c",
            "native/core/tar_number.c",
            "native/core/tar_path.c",
            "native/core/tar_pax.c",
            "native/core/tar_pax_fields.c",
            "native/core/tar_read.c",
            "native/core/tar_write.c",
            "native/core/whiteout.c",
            "native/addon/addon.cc",
            "native/addon/blob_reader.cc",
            "native/addon/blob_writer.cc",
            "native/addon/digest_files.cc",
            "native/addon/file.cc",
            "native/addon/file_batch.cc",
            "native/addon/hashes.cc",
            "native/addon/layer_apply.cc",
            "native/addon/layer_write.cc",
            "native/addon/metadata.cc",
            "native/addon/operation.cc",
            "native/addon/os_calls.cc",
            "native/addon/pool.cc",
            "native/addon/recompress.cc",
            "native/addon/scan.cc",
            "native/addon/sources.cc",
            "native/addon/tar_chunk.cc",
            "native/addon/unpack.cc",
            "native/addon/unpack_dirs.cc",
            "native/addon/unpack_entries.cc",
            "native/addon/unpack_lowers.cc",
            "native/addon/unpack_whiteouts.cc",
            "native/addon/walk.cc",
            "native/addon/xattr.cc"
          ],
          "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
          "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_DEPRECATED", "BUILDING_NODE_EXTENSION"],
          "include_dirs": ["native/core"],
          "cflags_c": ["-std=gnu11"],
          "cflags_cc": ["-std=c++17", "-fvisibility=hidden"],
          "libraries": ["<!@(node scripts/native-libs.mjs --libraries)"]
        }]
      ]
    },
    {
      "target_name": "shale-runner",
      "variables": { "seccomp%": "<!(sh native/runner/libs.sh available)" },
      "conditions": [
        ["seccomp==1", {
          "type": "executable",
          "sources": [
            "native/core/record.c",
            "native/core/tar_entry.c",
            "native/core/tar_meta.c",
            "native/core/tar_number.c",
            "native/core/tar_path.c",
            "native/core/tar_pax.c",
            "native/core/tar_pax_fields.c",
            "native/core/tar_read.c",
            "native/core/tar_write.c",
            "native/core/whiteout.c",
            "native/runner/beneath.c",
            "native/runner/caps.c",
            "native/runner/clients.c",
            "native/runner/container.c",
            "native/runner/copy.c",
            "native/runner/copy_in.c",
            "native/runner/copy_out.c",
            "native/runner/devices.c",
            "native/runner/exec.c",
            "native/runner/extras.c",
            "native/runner/health.c",
            "native/runner/inside.c",
            "native/runner/join.c",
            "native/runner/json.c",
            "native/runner/launch.c",
            "native/runner/logfile.c",
            "native/runner/main.c",
            "native/runner/masks.c",
            "native/runner/monitor.c",
            "native/runner/mountroot.c",
            "native/runner/mounts.c",
            "native/runner/probe.c",
            "native/runner/pty.c",
            "native/runner/pump.c",
            "native/runner/reaper.c",
            "native/runner/report.c",
            "native/runner/restart.c",
            "native/runner/rootfs.c",
            "native/runner/rootserver.c",
            "native/runner/run.c",
            "native/runner/seal.c",
            "native/runner/seccomp.c",
            "native/runner/seccomp_profile.c",
            "native/runner/seccomp_table.c",
            "native/runner/secrets.c",
            "native/runner/session.c",
            "native/runner/settle.c",
            "native/runner/slirp.c",
            "native/runner/spec.c",
            "native/runner/streams.c",
            "native/runner/stubs.c",
            "native/runner/supervise.c",
            "native/runner/uplink.c",
            "native/runner/userns.c",
            "native/runner/userns_plan.c",
            "native/runner/util.c"
          ],
          "include_dirs": ["native/core"],
          "cflags_c": ["-std=gnu11"],
          "libraries": ["<!@(sh native/runner/libs.sh libraries)"],
          "ldflags": ["-Wl,-s", "-Wl,-z,relro,-z,now"]
        }, {
          "type": "none"
        }]
      ]
    }
  ]
}
