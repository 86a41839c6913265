#!/usr/bin/env bash
# Deploys the whole system to one Azure resource group. See --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: infra/deploy.sh --group NAME [options]

Builds the package, provisions what infra/bicep describes, sends the package to every function app, waits until they
answer with this commit, and tries the system out. Sign in first: az login. It may be run again at any time: what is
there already stays or is brought up to date, and nothing is ever deleted.

  -g, --group NAME      resource group; made when it is not there (then --location is needed)
  -l, --location NAME   Azure region; default: the LOCATION variable, else the resource group's
  -p, --params FILE     parameters; default: infra/bicep/params/dev.bicepparam
      --what-if         only show what a deployment would change; builds and changes nothing
      --only PART       infra: provision, send no code. code: send the code, provision nothing. Default: all
      --package FILE    send this package instead of building one; it must be of the commit that is checked out
      --timeout SECONDS how long to wait for the apps to be given the secret, and then to be ready, default 900
  -h, --help            this text

The parameter files read what differs between subscriptions from variables: TOKEN_ISSUER, TOKEN_AUDIENCE and
TOKEN_JWKS_URL always; at the first deployment TOSS_SECRET_KEY, the payment gateway's secret; for the web pages
WEB_CLIENT_ID, WEB_SCOPE and TOSS_CLIENT_KEY; optionally ALERT_EMAIL, OPERATOR_PRINCIPAL_ID and
DEPLOYER_PRINCIPAL_ID. Those that need not be set keep the last deployment's value when they are not, or are empty;
a single - takes the value away. Nothing secret is put on a command line.

Exits with 0 when the system runs this commit, 2 when it was called wrongly, 1 on every other failure.
TEXT
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The name of the deployment in the resource group; its outputs say what was provisioned.
readonly DEPLOYMENT=phone-billing
readonly TEMPLATE=infra/bicep/main.bicep
# What Bicep asks the plan for. Azure takes a version that it does not have, and the host then never starts.
readonly RUNTIME=custom RUNTIME_VERSION=1.0
readonly BUILT_PACKAGE=target/functionapp.zip
# The gateway's secret: its name in the vault, and the setting that refers to it.
readonly SECRET=toss-secret-key SECRET_SETTING=TOSS_SECRET_KEY
# Role assignments take minutes to arrive everywhere; until then a package may be refused.
readonly SEND_ATTEMPTS=5
# az puts the subscription in, and the resource manager before it.
readonly GROUP_URL='/subscriptions/{subscriptionId}/resourceGroups'
# For so long an app whose platform says nothing of the secret is waited for: the app itself will say it.
readonly QUIET_SECONDS=180
readonly POLL_SECONDS=${POLL_SECONDS:-10}

group='' params=infra/bicep/params/dev.bicepparam package='' only=all what_if=no timeout=900
group_is_there=no api='' apps=() hosts=() commit=''

say() { printf '==> %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}
misuse() {
  printf 'error: %s (see --help)\n' "$*" >&2
  exit 2
}

parse() {
  while (($# > 0)); do
    case $1 in
      -g | --group | -l | --location | -p | --params | --only | --package | --timeout)
        [[ ${2:-} ]] || misuse "$1 needs a value"
        take "$1" "$2"
        shift
        ;;
      --what-if) what_if=yes ;;
      -h | --help)
        usage
        exit 0
        ;;
      *) misuse "unknown option $1" ;;
    esac
    shift
  done
  [[ $group ]] || misuse '--group is missing'
  [[ $only == all || $only == infra || $only == code ]] || misuse "--only is infra, code or all, not $only"
  [[ $timeout =~ ^[1-9][0-9]*$ ]] || misuse "--timeout is a number of seconds, not $timeout"
  [[ ! $package || $only != infra ]] || misuse '--package and --only infra exclude each other'
  [[ $what_if == no || $only != code ]] || misuse '--what-if and --only code exclude each other'
}

take() {
  case $1 in
    -g | --group) group=$2 ;;
    -l | --location) export LOCATION=$2 ;;
    -p | --params) params=$2 ;;
    --only) only=$2 ;;
    --package) package=$2 ;;
    --timeout) timeout=$2 ;;
  esac
}

# Everything that can be found out before anything is changed.
check_inputs() {
  local program name
  for program in az curl git; do
    command -v "$program" >/dev/null || fail "$program is not installed"
  done
  [[ ! $package || -f $package ]] || fail "there is no package $package"
  [[ $only == code ]] && return
  [[ -f $params ]] || fail "there is no parameter file $params"
  # A variable without a default in the parameter file has to be there.
  while read -r name; do
    [[ ${!name:-} ]] || fail "$name is not set, and $params reads it"
  done < <(grep -oE "readEnvironmentVariable\('[A-Z_]+'\)" "$params" | grep -oE '[A-Z_]{2,}' || true)
  case ${TOSS_SECRET_KEY:-} in
    - | @Microsoft.KeyVault\(*) fail 'TOSS_SECRET_KEY is not a secret' ;;
  esac
}

check_account() {
  local account
  account=$(az account show --query "join(' ', [name, id])" --output tsv) || fail 'not signed in: run az login'
  say "subscription $account"
}

check_group() {
  if [[ $(az group exists --name "$group" --output tsv) == true ]]; then
    group_is_there=yes
    return
  fi
  [[ $what_if == no && $only != code ]] || fail "there is no resource group $group"
  [[ ${LOCATION:-} ]] || fail "there is no resource group $group: say where it shall be with --location"
}

make_group() {
  [[ $group_is_there == no ]] || return 0
  say "making resource group $group in $LOCATION"
  az group create --name "$group" --location "$LOCATION" --output none
}

# Without a secret in the vault the apps would be given the reference to it instead, and not start.
check_secret() {
  local problem='TOSS_SECRET_KEY is not set, and no vault of the resource group has the secret yet'
  grep -q "readEnvironmentVariable('TOSS_SECRET_KEY'" "$params" || return 0
  [[ ! ${TOSS_SECRET_KEY:-} ]] || return 0
  if [[ $group_is_there == yes ]] && vault_has_secret; then
    return
  fi
  [[ $what_if == yes ]] || fail "$problem"
  warn "$problem: a deployment would stop here"
}

# The resource manager knows which secrets there are, and tells nobody what they are.
vault_has_secret() {
  local vaults vault found
  vaults=$(az keyvault list --resource-group "$group" --query '[].name' --output tsv) ||
    fail 'the vaults of the resource group cannot be read'
  for vault in $vaults; do
    found=$(az rest --method get --query "value[?ends_with(id, '/secrets/$SECRET')].id" --output tsv \
      --url "$GROUP_URL/$group/providers/Microsoft.KeyVault/vaults/$vault/secrets?api-version=2024-11-01") ||
      fail "which secrets $vault has cannot be read"
    [[ ! $found ]] || return 0
  done
  return 1
}

check_runtime() {
  local location offered
  location=${LOCATION:-$(az group show --name "$group" --query location --output tsv)}
  offered=$(az functionapp list-flexconsumption-runtimes --location "$location" --runtime "$RUNTIME" \
    --query "[?name=='$RUNTIME'].version" --output tsv) ||
    fail "$location does not offer Flex Consumption with the runtime $RUNTIME"
  grep -qxF "$RUNTIME_VERSION" <<<"$offered" ||
    fail "$location offers the runtime $RUNTIME in version ${offered//$'\n'/, }, not $RUNTIME_VERSION"
}

# A budget's first day cannot be changed, so the one that is there is kept.
keep_budget_start() {
  [[ ! ${BUDGET_START_DATE:-} ]] || return 0
  local start
  start=$(az consumption budget list --resource-group "$group" --query '[0].timePeriod.startDate' --output tsv) ||
    warn 'the budgets of the resource group cannot be read; one that is there may refuse a new first day'
  if [[ $start ]]; then
    export BUDGET_START_DATE=${start:0:10}
  fi
}

# What may be left out of the environment keeps what the last deployment was given, so that somebody who does not know
# a value takes nothing away: an empty one would end the alerts' mail, or the sign-in of the web pages.
keep_settings() {
  local parameter variable query='' deployed line kept=()
  while read -r parameter variable; do
    if [[ ${!variable:-} == - ]]; then
      export "$variable="
    elif [[ ! ${!variable:-} && $variable != "$SECRET_SETTING" ]]; then
      query+="${query:+, }join('=', ['$variable', $parameter.value || ''])"
    fi
  done < <(sed -nE "s/^param ([A-Za-z]+) = readEnvironmentVariable\('([A-Z_]+)', ''\)$/\1 \2/p" "$params")
  deployed=$(az deployment group list --resource-group "$group" --query "[?name=='$DEPLOYMENT'].name" --output tsv) ||
    fail 'what was deployed before cannot be read, and would be taken away'
  [[ $deployed && $query ]] || return 0
  deployed=$(az deployment group show --query "properties.parameters.[$query]" --resource-group "$group" \
    --name "$DEPLOYMENT" --output tsv) || fail 'what was deployed before cannot be read, and would be taken away'
  while IFS= read -r line; do
    [[ $line == [A-Z]*=?* ]] || continue
    export "${line%%=*}=${line#*=}"
    kept+=("${line%%=*}")
  done <<<"$deployed"
  ((${#kept[@]} == 0)) || say "as the last deployment had them: ${kept[*]}"
}

# Reading is enough: nobody has to be allowed to change anything to see what would change.
show_changes() {
  say "what would change in $group"
  az deployment group what-if --resource-group "$group" --name "$DEPLOYMENT" \
    --template-file "$TEMPLATE" --parameters "$params" --validation-level ProviderNoRbac
}

build() {
  commit=$(git rev-parse HEAD)
  if [[ $(git status --porcelain) ]]; then
    commit+=-dirty
    warn 'files differ from the commit; /api/health will say so'
  fi
  if [[ ! $package ]]; then
    package=$BUILT_PACKAGE
    say "building $commit"
    GIT_SHA=$commit cargo xtask stage || fail 'the package could not be built; nothing was changed'
    [[ -f $package ]] || fail "the build left no $package; nothing was changed"
  fi
}

provision() {
  say "provisioning $group"
  az deployment group create --resource-group "$group" --name "$DEPLOYMENT" --mode Incremental \
    --template-file "$TEMPLATE" --parameters "$params" --output none && return
  say 'what failed:' >&2
  az deployment operation group list --resource-group "$group" --name "$DEPLOYMENT" --output tsv --query \
    "[?properties.provisioningState=='Failed'].[properties.targetResource.resourceName, properties.statusMessage.error.message]" >&2 ||
    true
  fail 'the deployment failed; run this script again when the cause is gone'
}

read_outputs() {
  local lines
  lines=$(az deployment group show --resource-group "$group" --name "$DEPLOYMENT" --output tsv --query \
    "properties.outputs.[apiUrl.value, join(' ', functionAppNames.value), join(' ', appHostNames.value)]") ||
    fail "nothing was provisioned in $group yet: leave out --only code"
  {
    read -r api
    read -ra apps
    read -ra hosts
  } <<<"$lines" || true
  ((${#apps[@]} > 0 && ${#apps[@]} == ${#hosts[@]})) || fail "the deployment's outputs name no apps: $lines"
}

# The platform follows an app's reference to the vault when the settings are written, which may be before the role that
# lets it has arrived, and again only a day later. Asked to, it does so at once. All apps have one deadline: their roles
# are given at the same time, and a deployment that waited for each in turn would outlast the job that runs it.
follow_reference() {
  local app=$1 deadline=$2 quiet=$3 said status='' end
  local url="$GROUP_URL/$group/providers/Microsoft.Web/sites/$app/config/configreferences/appsettings"
  say "waiting for $app to be given the gateway's secret"
  # A secret that is new in the vault is one that the app has not been given yet.
  [[ ! ${TOSS_SECRET_KEY:-} ]] || refresh "$url"
  while true; do
    said=$(az rest --method get --url "$url/$SECRET_SETTING?api-version=2022-03-01" --query properties.status \
      --output tsv) || said=''
    # No answer says nothing: what was said before it still counts.
    status=${said:-$status}
    [[ $said != Resolved ]] || return 0
    end=$deadline
    ! is_silent "$status" || end=$quiet
    ((SECONDS < end)) || break
    [[ ! $said ]] || refresh "$url"
    sleep "$POLL_SECONDS"
  done
  if is_silent "$status"; then
    # An app that was not given it does not start, which shows when the code is there.
    warn "nobody says whether $app is given the gateway's secret"
    return
  fi
  fail "$app cannot be given the gateway's secret: $status; run this script again when the cause is gone"
}

is_silent() { [[ ! $1 || $1 == Initialized ]]; }

refresh() {
  az rest --method post --url "$1/refresh?api-version=2022-03-01" --output none ||
    warn 'the references to the vault are not followed again before tomorrow'
}

# One app after the other: one that does not take the package keeps the others as they are.
send() {
  local app=$1 attempt
  for ((attempt = 1; attempt <= SEND_ATTEMPTS; attempt++)); do
    say "sending $package to $app"
    az functionapp deployment source config-zip --resource-group "$group" --name "$app" --src "$package" \
      --build-remote false --timeout "$timeout" --output none && return
    warn "$app did not take the package (attempt $attempt of $SEND_ATTEMPTS)"
    sleep "$POLL_SECONDS"
  done
  fail "$app did not take the package; see: az functionapp log deployment show --resource-group $group --name $app"
}

# GETs a path; prints the status, a line break, and the body. Status 000 is no answer.
get() {
  local said
  said=$(curl --silent --max-time 30 --write-out '\n%{http_code}' "$1") || true
  printf '%s\n%s\n' "${said##*$'\n'}" "${said%$'\n'*}"
}

# Waits until an address answers 200 with a text in its body; afterwards `answer` is its last answer.
answer=''
wait_for() {
  local url=$1 text=$2 deadline=$((SECONDS + timeout))
  say "waiting for $url"
  while true; do
    answer=$(get "$url")
    [[ $answer == 200$'\n'*"$text"* ]] && return
    ((SECONDS < deadline)) || break
    sleep "$POLL_SECONDS"
  done
  fail "$url did not answer with $text within $timeout s; its last answer: ${answer//$'\n'/ }"
}

# Every app has to run this commit; then the system has to work from where customers come in.
try_out() {
  local host
  for host in "${hosts[@]}"; do
    wait_for "${api%%://*}://$host/api/health" "\"commit\":\"$commit\""
  done
  wait_for "$api/api/ready" '"status":"ready"'
  wait_for "$api/api/health" "\"commit\":\"$commit\""
  wait_for "$api/api/plans" '"items":[{'
  answer=$(get "$api/api/mypage")
  [[ $answer == 401$'\n'* ]] || fail "$api/api/mypage must ask for a token; it answered: ${answer//$'\n'/ }"
}

main() {
  parse "$@"
  check_inputs
  check_account
  check_group
  if [[ $only != code ]]; then
    check_secret
    make_group
    keep_budget_start
    keep_settings
    check_runtime
  fi
  if [[ $what_if == yes ]]; then
    show_changes
    return
  fi
  if [[ $only != infra ]]; then build; fi
  if [[ $only != code ]]; then provision; fi
  read_outputs
  local app deadline=$((SECONDS + timeout)) quiet=$((SECONDS + (timeout < QUIET_SECONDS ? timeout : QUIET_SECONDS)))
  if [[ $only != code ]]; then
    for app in "${apps[@]}"; do follow_reference "$app" "$deadline" "$quiet"; done
  fi
  if [[ $only != infra ]]; then
    for app in "${apps[@]}"; do send "$app"; done
    try_out
    say "commit $commit runs at $api (${#apps[@]} app(s), $SECONDS s)"
  else
    say "provisioned $group; its address is $api"
  fi
}

main "$@"
