export type Shell = 'bash' | 'zsh' | 'fish';

/**
 * What each shell has to know: nothing of the commands, only how to ask. `shale __complete -- CURRENT WORDS...` answers
 * with `files` or `words` on its first line, then a candidate on each line, and what it means behind a tab.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# source <(shale completion bash)
_shale() {
  local line=\${COMP_LINE:0:COMP_POINT} current='' answer value rest
  local -a words lines
  read -ra words <<<"$line"
  if [[ $line != *[[:space:]] ]]; then
    current=\${words[\${#words[@]}-1]}
    unset "words[\${#words[@]}-1]"
  fi
  answer=$("\${words[0]}" __complete -- "$current" "\${words[@]:1}" 2>/dev/null) || return
  mapfile -t lines <<<"$answer"
  # bash replaces what follows the last word break, which may lie inside the word
  rest=$current
  [[ $COMP_WORDBREAKS == *:* ]] && rest=\${rest##*:}
  [[ $COMP_WORDBREAKS == *=* ]] && rest=\${rest##*=}
  COMPREPLY=()
  for value in "\${lines[@]:1}"; do
    value=\${value%%$'\\t'*}
    [[ -n $value ]] && COMPREPLY+=("\${value#"\${current%"$rest"}"}")
  done
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  if [[ \${lines[0]} == files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$rest")
  fi
}
complete -F _shale shale
`,
  zsh: `#compdef shale
# source <(shale completion zsh), or as a file _shale in a directory of $fpath
_shale() {
  local -a lines described
  local line value
  lines=("\${(@f)$(\${(Q)words[1]} __complete -- "\${(Q)words[CURRENT]}" "\${(@Q)words[2,CURRENT-1]}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] || continue
    value=\${line%%$'\\t'*}
    described+=("\${value//:/\\\\:}\${\${line#$value}/$'\\t'/:}")
  done
  (( \${#described} )) && _describe -t values 'shale' described
  if [[ \${lines[1]} == files ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
  fi
}
if [[ \${funcstack[1]} == _shale ]]; then _shale "$@"; else compdef _shale shale; fi
`,
  fish: `# shale completion fish | source
function __shale_complete
  set -l words (commandline -opc)
  set -l lines ($words[1] __complete -- (commandline -ct) $words[2..-1] 2>/dev/null)
  for line in $lines[2..-1]
    echo $line
  end
  if test "$lines[1]" = files
    __fish_complete_path (commandline -ct | string replace -r -- '^--[^=]*=' '')
  end
end
complete -c shale -f -a '(__shale_complete)'
`,
};
