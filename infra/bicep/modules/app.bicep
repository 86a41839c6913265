// A Flex Consumption plan and the function app on it: a plan carries one app. The package holds every function; those
// that this app does not run are switched off by setting.

@description('Name of the function app.')
@minLength(2)
@maxLength(60)
param name string

@description('Azure region.')
@minLength(1)
@maxLength(32)
param location string

@description('Tags of every resource.')
param tags object

@description('Identity that the app runs as.')
@minLength(1)
@maxLength(512)
param identityId string

@description('Client id of that identity.')
@minLength(36)
@maxLength(36)
param identityClientId string

@description('Connection string of Application Insights; no secret.')
@minLength(1)
@maxLength(1024)
param applicationInsightsConnection string

@description('Log Analytics workspace that the metrics are kept in.')
@minLength(1)
@maxLength(512)
param workspaceId string

@description('Storage account of the platform.')
@minLength(3)
@maxLength(24)
param hostStorageName string

@description('URL of the container of this app\'s package, which no other app has.')
@minLength(1)
@maxLength(512)
param packagesUrl string

@description('Subnet that outgoing traffic takes; empty for the public network.')
@maxLength(512)
param subnetId string

@description('Whether the plan is spread over zones.')
param zoneRedundant bool

@description('Memory of an instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Most instances.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int

@description('HTTP requests that an instance works on at the same time.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int

@description('Instances that are always there for HTTP.')
@minValue(0)
@maxValue(20)
param alwaysReadyHttp int

@description('Functions of this app that always have an instance: {name: function, count: number}.')
@maxLength(20)
param alwaysReadyFunctions array

@description('How an update replaces instances.')
@allowed(['Recreate', 'RollingUpdate'])
param updateStrategy string

@description('Every function of the package.')
@minLength(1)
@maxLength(100)
param functions array

@description('The functions that this app runs.')
@minLength(1)
@maxLength(100)
param enabledFunctions array

@description('Where the tables are.')
@minLength(9)
@maxLength(512)
param tablesEndpoint string

@description('Where the documents are.')
@minLength(9)
@maxLength(512)
param documentsEndpoint string

@description('Partitions that the customers are spread over.')
@allowed([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
param buckets int

@description('Host name of the Service Bus namespace.')
@minLength(6)
@maxLength(256)
param busHostName string

@description('Resource id of the Service Bus namespace.')
@minLength(1)
@maxLength(512)
param busId string

@description('The iss of accepted tokens.')
@minLength(8)
@maxLength(512)
param tokenIssuer string

@description('What the aud of accepted tokens must contain.')
@minLength(1)
@maxLength(512)
param tokenAudience string

@description('Where the issuer publishes its keys.')
@minLength(9)
@maxLength(1024)
param tokenJwksUrl string

@description('The payment gateway.')
@minLength(9)
@maxLength(1024)
param tossEndpoint string

@description('Vault of the gateway\'s secret.')
@minLength(3)
@maxLength(24)
param vaultName string

@description('Name of the gateway\'s secret in the vault.')
@minLength(1)
@maxLength(127)
param gatewaySecret string

@description('How long one request to the payment gateway may take, in milliseconds.')
@minValue(100)
@maxValue(10000)
param gatewayTimeoutMs int

@description('Public client that the web pages sign people in with; empty for none.')
@maxLength(128)
param webClientId string

@description('What the web pages ask the issuer for; empty for openid alone.')
@maxLength(512)
param webScope string

@description('The merchant\'s public key at the payment gateway; empty for none.')
@maxLength(256)
param tossClientKey string

@description('Least level of our log lines.')
@allowed(['error', 'warn', 'info', 'debug'])
param logLevel string

@description('Where the handler posts its own traces by OTLP; empty sends none.')
@maxLength(1024)
param otlpTracesEndpoint string

// The Functions host's own. The runtime is named in functionAppConfig; FUNCTIONS_WORKER_RUNTIME, FUNCTIONS_EXTENSION_VERSION
// and WEBSITE_RUN_FROM_PACKAGE have no place on Flex Consumption.
var platformSettings = [
  { name: 'AzureWebJobsStorage__accountName', value: hostStorageName }
  { name: 'AzureWebJobsStorage__credential', value: 'managedidentity' }
  { name: 'AzureWebJobsStorage__clientId', value: identityClientId }
  { name: 'APPLICATIONINSIGHTS_CONNECTION_STRING', value: applicationInsightsConnection }
  { name: 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING', value: 'ClientId=${identityClientId};Authorization=AAD' }
]

// What the handler reads, to whom an empty setting is one that is not set. The SERVICEBUS ones are the triggers'
// connection as well. Of the slashes that `uri` puts together one is left.
var handlerSettings = [
  { name: 'AZURE_CLIENT_ID', value: identityClientId }
  { name: 'STORE', value: tablesEndpoint }
  { name: 'DOCUMENTS', value: documentsEndpoint }
  { name: 'BUCKETS', value: string(buckets) }
  { name: 'SERVICEBUS__fullyQualifiedNamespace', value: busHostName }
  { name: 'SERVICEBUS__credential', value: 'managedidentity' }
  { name: 'SERVICEBUS__clientId', value: identityClientId }
  { name: 'BUS_RESOURCE_URL', value: uri(environment().resourceManager, busId) }
  { name: 'TOKEN_ISSUER', value: tokenIssuer }
  { name: 'TOKEN_AUDIENCE', value: tokenAudience }
  { name: 'TOKEN_JWKS_URL', value: tokenJwksUrl }
  { name: 'TOSS_ENDPOINT', value: tossEndpoint }
  { name: 'TOSS_SECRET_KEY', value: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${gatewaySecret})' }
  { name: 'GATEWAY_TIMEOUT_MS', value: string(gatewayTimeoutMs) }
  { name: 'WEB_CLIENT_ID', value: webClientId }
  { name: 'WEB_SCOPE', value: webScope }
  { name: 'TOSS_CLIENT_KEY', value: tossClientKey }
  { name: 'LOG_LEVEL', value: logLevel }
]
// Not OTEL_EXPORTER_OTLP_ENDPOINT: the host reads that one as well, and would send its own logs, traces and metrics there,
// by gRPC.
var telemetrySettings = empty(otlpTracesEndpoint) ? [] : [{ name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', value: otlpTracesEndpoint }]

// Said of every function, so that a function moved between apps is switched on and off by the same deployment. Linux puts
// underscores for the dots, and the host looks for both.
var functionSwitches = [
  for function in functions: {
    name: 'AzureWebJobs.${function}.Disabled'
    value: contains(enabledFunctions, function) ? 'false' : 'true'
  }
]

var readyForHttp = alwaysReadyHttp > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttp }] : []
var readyForFunctions = [
  for entry in alwaysReadyFunctions: {
    name: 'function:${entry.name}'
    instanceCount: entry.count
  }
]

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  // checkov:skip=CKV_AZURE_225:Zones are a parameter; prod has them
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  // checkov:skip=CKV_AZURE_222:The apps are the public API; every request is authenticated
  // checkov:skip=CKV_AZURE_17:Callers present tokens, not certificates
  // checkov:skip=CKV_AZURE_212:Flex Consumption counts instances in scaleAndConcurrency.alwaysReady
  // checkov:skip=CKV_AZURE_213:Flex Consumption has no health check; an availability test asks /api/ready
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: { name: 'custom', version: '1.0' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: concat(readyForHttp, readyForFunctions)
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
      siteUpdateStrategy: { type: updateStrategy }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      ftpsState: 'Disabled'
      appSettings: concat(platformSettings, handlerSettings, telemetrySettings, functionSwitches)
    }
  }
}

// Packages are released with a token, never with a publishing password.
resource ftpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource releasePassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'metrics'
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Host name that callers reach the app by.')
output hostName string = app.properties.defaultHostName
