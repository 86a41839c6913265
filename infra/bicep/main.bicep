// The whole system in one resource group: what deploy.sh and the workflows deploy.
//
// Checked by parsers and by tests that hold it against the code (infra/checks); never yet deployed to a subscription.
//
// Contract with deploy.sh
//   az deployment group create|what-if --template-file infra/bicep/main.bicep --parameters infra/bicep/params/<environment>.bicepparam
//   The .bicepparam files read what differs between two subscriptions from environment variables: LOCATION (else the
//   resource group's), TOKEN_ISSUER, TOKEN_AUDIENCE, TOKEN_JWKS_URL (required), TOSS_SECRET_KEY (empty: the secret in the
//   vault stays as it is; needed at the first deployment), WEB_CLIENT_ID, WEB_SCOPE, TOSS_CLIENT_KEY (for the web pages),
//   ALERT_EMAIL, OPERATOR_PRINCIPAL_ID, DEPLOYER_PRINCIPAL_ID (optional), BUDGET_START_DATE (yyyy-MM-01 of an existing
//   budget: its start cannot be changed; else this month).
//   Outputs
//     functionAppNames             array: every function app; each one gets the same zip
//     apiUrl                       string: https://host, without a path; GET {apiUrl}/api/ready, /api/health
//     appHostNames                 array: host name of each app, in the order of functionAppNames
//     deploymentStorageAccountName string, deploymentContainerNames array: where the platform keeps the apps' packages
//     dataStorageAccountName, configContainerName, billsContainerName   string: {config}/runtime.json sets log levels
//     keyVaultName, gatewaySecretName, serviceBusNamespaceName, identityClientId, budgetName
//     applicationInsightsName, logAnalyticsWorkspaceName         string
targetScope = 'resourceGroup'

@description('Stands at the front of every name.')
@minLength(2)
@maxLength(8)
param namePrefix string = 'phone'

@description('Which installation this is; part of every name and a tag.')
@allowed(['dev', 'test', 'prod'])
param environmentName string

@description('Azure region of everything that has one; it must offer Flex Consumption. Empty for the resource group\'s.')
@maxLength(32)
param location string = ''

@description('Further tags of every resource.')
param tags object = {}

@description('singleApp: one function app runs every function. perService: an app for each service and one for sagas and operators, behind Front Door.')
@allowed(['singleApp', 'perService'])
param topology string = 'singleApp'

@description('Where the tables are: a storage account, or Azure Cosmos DB for Table.')
@allowed(['storage', 'cosmos'])
param tableStore string = 'storage'

@description('none: services are reached over their public endpoints, with tokens only. private: over private endpoints in a virtual network; takes messagingSku Premium to include the bus.')
@allowed(['none', 'private'])
param network string = 'none'

@description('Address range of the virtual network; used when network is private, as the two subnets are.')
@minLength(9)
@maxLength(18)
param networkRange string = '10.20.0.0/16'

@description('Part of it that the apps\' outgoing traffic comes from; it must hold every instance of every app.')
@minLength(9)
@maxLength(18)
param appsSubnetRange string = '10.20.0.0/22'

@description('Part of it that the private endpoints are in.')
@minLength(9)
@maxLength(18)
param endpointsSubnetRange string = '10.20.4.0/24'

@description('Tier of Service Bus; private endpoints take Premium. A namespace cannot move from one tier to the other.')
@allowed(['Standard', 'Premium'])
param messagingSku string = 'Standard'

@description('Messaging units of a Premium namespace; Standard has none.')
@allowed([1, 2, 4, 8, 16])
param messagingUnits int = 1

@description('Lets the platform read how many messages wait, and so scale to the backlog at once rather than step by step. Takes Service Bus Data Owner instead of Receiver and Sender.')
param scaleOnBacklog bool = false

@description('Copies that the storage accounts keep.')
@allowed(['LRS', 'ZRS', 'GRS', 'GZRS'])
param storageReplication string = 'LRS'

@description('Spreads plans, bus and tables over zones where the region has them. The platform then bills at least two instances per always-ready group.')
param zoneRedundant bool = false

@description('Days in which a deleted bill, or an overwritten version of one, can be had back.')
@minValue(7)
@maxValue(365)
param documentRetentionDays int = 30

@description('Partitions that the customers are spread over; a power of two, fixed when the tables are first used.')
@allowed([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
param buckets int = 32

@description('Memory of an instance in MB: 512 is a quarter of a core, 2048 one core, 4096 two.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances that each app is scaled out to.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 100

@description('HTTP requests that an instance works on at the same time before another one is started.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 64

@description('Instances that are always there for HTTP, in each app that answers HTTP; billed while idle.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttp int = 0

@description('Functions that always have an instance, by service: {pay: [{name: \'pay_on_bill_issued\', count: 1}]}; billed while idle.')
param alwaysReadyFunctions object = {}

@description('How an update replaces instances. RollingUpdate drains them in batches and is a preview; Recreate ends what runs.')
@allowed(['Recreate', 'RollingUpdate'])
param updateStrategy string = 'Recreate'

@description('The iss of accepted tokens, exactly.')
@minLength(8)
@maxLength(512)
param tokenIssuer string

@description('What the aud of accepted tokens must contain.')
@minLength(1)
@maxLength(512)
param tokenAudience string

@description('Where the issuer publishes its keys: an https URL.')
@minLength(9)
@maxLength(1024)
param tokenJwksUrl string

@description('The payment gateway: an https URL.')
@minLength(9)
@maxLength(1024)
param tossEndpoint string = 'https://api.tosspayments.com'

@description('The merchant\'s secret key at the payment gateway; empty leaves the one in the vault as it is.')
@secure()
@maxLength(256)
param tossSecretKey string = ''

@description('How long one request to the payment gateway may take, in milliseconds.')
@minValue(100)
@maxValue(10000)
param gatewayTimeoutMs int = 10000

@description('Public client that the web pages sign people in with, at the issuer; empty: nobody can sign in there.')
@maxLength(128)
param webClientId string = ''

@description('What the web pages ask the issuer for; empty for openid alone.')
@maxLength(512)
param webScope string = ''

@description('The merchant\'s public key at the payment gateway, for its form in the web pages; empty: nobody can pay there.')
@maxLength(256)
param tossClientKey string = ''

@description('Least level of our log lines until runtime.json in the config container says otherwise.')
@allowed(['error', 'warn', 'info', 'debug'])
param logLevel string = 'info'

@description('Where the handler posts its own traces by OTLP, as a whole URL: https://collector/v1/traces. Empty sends none. Application Insights gets the host\'s telemetry all the same.')
@maxLength(1024)
param otlpTracesEndpoint string = ''

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of logs a day after which no more are taken; -1 for no cap.')
@minValue(-1)
@maxValue(1000)
param logDailyCapGb int = 5

@description('Who is told of alerts; empty tells nobody, the alerts are still to be seen in the portal.')
@maxLength(254)
param alertEmail string = ''

@description('The 95th percentile of an HTTP request\'s duration over five minutes that raises an alert, in milliseconds.')
@minValue(50)
@maxValue(60000)
param latencyAlertMs int = 1000

@description('How many messages a queue or topic may have all through an hour; more at each moment of it raise an alert. What is at work counts, but a billing run should be through its messages within the hour.')
@minValue(0)
@maxValue(1000000)
param backlogAlertMessages int = 100

@description('Budget of the resource group for a month, in the subscription\'s currency; 0 for none.')
@minValue(0)
@maxValue(1000000)
param budgetAmount int = 0

@description('First day of the budget\'s first month, yyyy-MM-01, which cannot be changed once the budget is there. Empty for this month.')
@maxLength(10)
param budgetStartDate string = ''

@description('This month\'s first day. Not to be given: the time can be asked for only here.')
@minLength(10)
@maxLength(10)
param firstOfThisMonth string = '${utcNow('yyyy-MM')}-01'

@description('Object id of the group that operates the system: reads everything, sets log levels, looks at messages. Empty for none.')
@maxLength(36)
param operatorPrincipalId string = ''

@description('Object id of the identity that releases code without changing the infrastructure. Empty for none.')
@maxLength(36)
param deployerPrincipalId string = ''

@description('Kind of principal that releases code: an identity of a workflow, or people.')
@allowed(['ServicePrincipal', 'Group', 'User'])
param deployerPrincipalType string = 'ServicePrincipal'

// uniqueString is the same for a resource group each time, so a second deployment finds what the first one made.
var suffix = uniqueString(resourceGroup().id)
var region = empty(location) ? resourceGroup().location : location
var base = '${namePrefix}-${environmentName}'
var allTags = union(tags, { system: namePrefix, environment: environmentName, topology: topology })

// The names of tables, containers and secrets are the code's; a test holds them against it.
var tables = ['orders', 'numbers', 'bills', 'runs', 'payments', 'mypage', 'sagas', 'parked', 'meta']
var billsContainer = 'bills'
var configContainer = 'config'
var gatewaySecret = 'toss-secret-key'

// Which service has which functions and paths. The saga record and the operator's desk belong to none of the four
// services, since they follow all of them: they have an app of their own, with the timers that look after every table
// and whatever path is nobody else's. Every app can be asked how it is.
var plan = loadJsonContent('../services.json')
var probes = plan.probes
var services = plan.services
var serviceFunctions = [for service in services: service.functions]
var functions = concat(probes, flatten(serviceFunctions))

var readyOfEach = [
  for service in services: contains(alwaysReadyFunctions, service.name) ? alwaysReadyFunctions[service.name] : []
]

var separateApps = [
  for (service, i) in services: {
    name: 'func-${base}-${service.name}-${suffix}'
    service: service.name
    packages: 'packages-${service.name}'
    paths: service.paths
    functions: concat(probes, service.functions)
    alwaysReady: readyOfEach[i]
  }
]
var wholeApp = [
  {
    name: 'func-${base}-${suffix}'
    service: 'all'
    packages: 'packages-all'
    paths: ['/*']
    functions: functions
    alwaysReady: flatten(readyOfEach)
  }
]
var apps = topology == 'perService' ? separateApps : wholeApp

var isPrivate = network == 'private'
var isCosmos = tableStore == 'cosmos'
var hostStorageName = take('st${namePrefix}h${suffix}', 24)
var dataStorageName = take('st${namePrefix}d${suffix}', 24)
var cosmosName = 'cosmos-${base}-${suffix}'
var vaultName = 'kv-${namePrefix}${suffix}'
var busName = 'sb-${base}-${suffix}'
var frontDoorName = 'fd-${base}-${suffix}'
var networkName = 'vnet-${base}'
var budgetName = 'budget-${base}'
var tablesEndpoint = isCosmos ? 'https://${cosmosName}.table.cosmos.azure.com:443/' : 'https://${dataStorageName}.table.${environment().suffixes.storage}/'

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    name: 'id-${base}'
    location: region
    tags: allTags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    workspaceName: 'log-${base}'
    applicationInsightsName: 'appi-${base}'
    location: region
    tags: allTags
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module hostStorage 'modules/host-storage.bicep' = {
  name: 'host-storage'
  params: {
    name: hostStorageName
    location: region
    tags: allTags
    replication: storageReplication
    isPrivate: isPrivate
    packagesContainers: [for app in apps: app.packages]
    workspaceId: monitoring.outputs.workspaceId
  }
}

module dataStorage 'modules/data-storage.bicep' = {
  name: 'data-storage'
  params: {
    name: dataStorageName
    location: region
    tags: allTags
    replication: storageReplication
    isPrivate: isPrivate
    tables: isCosmos ? [] : tables
    billsContainer: billsContainer
    configContainer: configContainer
    retentionDays: documentRetentionDays
    workspaceId: monitoring.outputs.workspaceId
  }
}

module cosmos 'modules/cosmos.bicep' = if (isCosmos) {
  name: 'cosmos'
  params: {
    name: cosmosName
    location: region
    tags: allTags
    isPrivate: isPrivate
    zoneRedundant: zoneRedundant
    tables: tables
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module bus 'modules/bus.bicep' = {
  name: 'bus'
  params: {
    name: busName
    location: region
    tags: allTags
    sku: messagingSku
    units: messagingUnits
    zoneRedundant: zoneRedundant
    isPrivate: isPrivate
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: vaultName
    location: region
    tags: allTags
    isPrivate: isPrivate
    secretName: gatewaySecret
    secretValue: tossSecretKey
    workspaceId: monitoring.outputs.workspaceId
  }
}

module privateNetwork 'modules/network.bicep' = if (isPrivate) {
  name: 'network'
  params: {
    name: networkName
    location: region
    tags: allTags
    addressRange: networkRange
    appsRange: appsSubnetRange
    endpointsRange: endpointsSubnetRange
    hostStorageId: hostStorage.outputs.id
    dataStorageId: dataStorage.outputs.id
    vaultId: vault.outputs.id
    busId: messagingSku == 'Premium' ? bus.outputs.id : ''
    cosmosId: isCosmos ? resourceId('Microsoft.DocumentDB/databaseAccounts', cosmosName) : ''
  }
  dependsOn: [cosmos]
}

module access 'modules/access.bicep' = {
  name: 'access'
  params: {
    principalId: identity.outputs.principalId
    hostStorageName: hostStorage.outputs.name
    dataStorageName: dataStorage.outputs.name
    billsContainer: billsContainer
    configContainer: configContainer
    hasTables: !isCosmos
    busName: bus.outputs.name
    scaleOnBacklog: scaleOnBacklog
    vaultName: vault.outputs.name
    applicationInsightsName: monitoring.outputs.applicationInsightsName
  }
}

module people 'modules/people.bicep' = {
  name: 'people'
  params: {
    operatorPrincipalId: operatorPrincipalId
    deployerPrincipalId: deployerPrincipalId
    deployerPrincipalType: deployerPrincipalType
    dataStorageName: dataStorage.outputs.name
    configContainer: configContainer
  }
}

// Every app runs the same package as the same identity: each opens the same tables and bus when it starts, so identities
// of their own would part nothing. The roles come first: an app that may not read its package does not start.
module functionApps 'modules/app.bicep' = [
  for app in apps: {
    name: 'app-${app.service}'
    params: {
      name: app.name
      location: region
      tags: union(allTags, { service: app.service })
      identityId: identity.outputs.id
      identityClientId: identity.outputs.clientId
      applicationInsightsConnection: monitoring.outputs.connectionString
      workspaceId: monitoring.outputs.workspaceId
      hostStorageName: hostStorage.outputs.name
      packagesUrl: '${hostStorage.outputs.blobEndpoint}${app.packages}'
      subnetId: isPrivate ? resourceId('Microsoft.Network/virtualNetworks/subnets', networkName, 'apps') : ''
      zoneRedundant: zoneRedundant
      instanceMemoryMB: instanceMemoryMB
      maximumInstanceCount: maximumInstanceCount
      httpConcurrency: httpConcurrency
      alwaysReadyHttp: alwaysReadyHttp
      alwaysReadyFunctions: app.alwaysReady
      updateStrategy: updateStrategy
      functions: functions
      enabledFunctions: app.functions
      tablesEndpoint: tablesEndpoint
      documentsEndpoint: dataStorage.outputs.blobEndpoint
      buckets: buckets
      busHostName: bus.outputs.hostName
      busId: bus.outputs.id
      tokenIssuer: tokenIssuer
      tokenAudience: tokenAudience
      tokenJwksUrl: tokenJwksUrl
      tossEndpoint: tossEndpoint
      vaultName: vault.outputs.name
      gatewaySecret: gatewaySecret
      gatewayTimeoutMs: gatewayTimeoutMs
      webClientId: webClientId
      webScope: webScope
      tossClientKey: tossClientKey
      logLevel: logLevel
      otlpTracesEndpoint: otlpTracesEndpoint
    }
    dependsOn: [access, cosmos, privateNetwork]
  }
]

module frontDoor 'modules/front-door.bicep' = if (topology == 'perService') {
  name: 'front-door'
  params: {
    name: frontDoorName
    tags: allTags
    apps: apps
    workspaceId: monitoring.outputs.workspaceId
  }
  dependsOn: [functionApps]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    base: base
    location: region
    tags: allTags
    alertEmail: alertEmail
    latencyAlertMs: latencyAlertMs
    backlogAlertMessages: backlogAlertMessages
    workspaceId: monitoring.outputs.workspaceId
    busId: bus.outputs.id
  }
}

module availability 'modules/availability.bicep' = {
  name: 'availability'
  params: {
    base: base
    location: region
    tags: allTags
    applicationInsightsId: monitoring.outputs.applicationInsightsId
    actionGroupId: alerts.outputs.actionGroupId
    services: [for app in apps: app.service]
    hostNames: [for (app, i) in apps: functionApps[i].outputs.hostName]
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    base: base
    location: region
    tags: allTags
    workspaceId: monitoring.outputs.workspaceId
    busId: bus.outputs.id
  }
}

module budget 'modules/budget.bicep' = if (budgetAmount > 0) {
  name: 'budget'
  params: {
    name: budgetName
    amount: budgetAmount
    startDate: empty(budgetStartDate) ? firstOfThisMonth : budgetStartDate
    actionGroupId: alerts.outputs.actionGroupId
  }
}

@description('Every function app; each one gets the same zip.')
output functionAppNames array = [for app in apps: app.name]

@description('Host name of each app, in the order of functionAppNames.')
output appHostNames array = [for (app, i) in apps: functionApps[i].outputs.hostName]

@description('Where callers go: https and a host, without a path.')
output apiUrl string = topology == 'perService' ? frontDoor!.outputs.url : 'https://${functionApps[0].outputs.hostName}'

@description('Storage account of the platform: packages, locks, host keys.')
output deploymentStorageAccountName string = hostStorage.outputs.name

@description('Blob container of each app\'s package, in the order of functionAppNames.')
output deploymentContainerNames array = [for app in apps: app.packages]

@description('Storage account of the product: tables unless they are in Cosmos DB, bills, runtime configuration.')
output dataStorageAccountName string = dataStorage.outputs.name

@description('Blob container of runtime.json, which sets log levels without a restart.')
output configContainerName string = configContainer

@description('Blob container of rendered bills.')
output billsContainerName string = billsContainer

@description('Vault of the gateway\'s secret.')
output keyVaultName string = vault.outputs.name

@description('The gateway\'s secret in the vault.')
output gatewaySecretName string = gatewaySecret

@description('Service Bus namespace.')
output serviceBusNamespaceName string = bus.outputs.name

@description('Client id of the identity that every app runs as.')
output identityClientId string = identity.outputs.clientId

@description('Application Insights.')
output applicationInsightsName string = monitoring.outputs.applicationInsightsName

@description('Log Analytics workspace, where the logs are asked.')
output logAnalyticsWorkspaceName string = monitoring.outputs.workspaceName

@description('Name of the budget, whether or not there is one.')
output budgetName string = budgetName
