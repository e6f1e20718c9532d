{
  "target_defaults": {
    "cflags": ["-Wall", "-Wextra", "-Werror", "-O3", "-fstack-protector-strong"],
    "defines": ["_GNU_SOURCE", "_FORTIFY_SOURCE=2"]
  },
  "targets": [
    {
      "target_name": "shale",
      "type": "loadable_module",
      "sources": [
        "native/addon/addon.cc"
      ],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_DEPRECATED"],
      "include_dirs": ["native/core"],
      "cflags_cc": ["-std=c++17"]
    },
    {
      "target_name": "shale-runner",
      "variables": { "seccomp%": "<!(sh native/runner/libs.sh available)" },
      "conditions": [
        ["seccomp==1", {
          "type": "executable",
          "sources": [
            "native/runner/beneath.c",
            "native/runner/caps.c",
            "native/runner/container.c",
            "native/runner/devices.c",
            "native/runner/exec.c",
            "native/runner/main.c",
            "native/runner/masks.c",
            "native/runner/mounts.c",
            "native/runner/probe.c",
            "native/runner/pty.c",
            "native/runner/pump.c",
            "native/runner/report.c",
            "native/runner/rootfs.c",
            "native/runner/run.c",
            "native/runner/seal.c",
            "native/runner/seccomp.c",
            "native/runner/seccomp_table.c",
            "native/runner/spec.c",
            "native/runner/stubs.c",
            "native/runner/supervise.c",
            "native/runner/userns.c",
            "native/runner/util.c"
          ],
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
