/** What each shell runs to ask `serin __complete` what may come next. */
export const completionScripts = {
  bash: `# bash completion of serin
_serin() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default 2>/dev/null ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(serin __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _serin serin
`,
  zsh: `#compdef serin
# zsh completion of serin
_serin() {
  local -a found
  local line files=
  while IFS= read -r line; do
    case $line in
      :files) files=1 ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done < <(serin __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && _describe serin found
  [[ -n $files ]] && _files
  return 0
}
if [[ \${funcstack[1]-} == _serin ]]; then
  _serin "$@"
elif (( $+functions[compdef] )); then
  compdef _serin serin
fi
`,
  fish: `# fish completion of serin
function __serin_complete
  set -l words (commandline -opc)
  set -e words[1]
  set -l last (commandline -ct)
  for line in (serin __complete $words "$last" 2>/dev/null)
    if test "$line" = ':files'
      __fish_complete_path "$last"
    else
      echo $line
    end
  end
end
complete -c serin -f -a '(__serin_complete)'
`,
};
export type Shell = keyof typeof completionScripts;
export const shells = Object.keys(completionScripts) as Shell[];
