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
      "type": "executable",
      "sources": [
        "native/runner/main.c"
      ],
      "cflags_c": ["-std=gnu11"]
    }
  ]
}
