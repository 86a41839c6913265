// One address for the apps of the services: Front Door sends each path to the app that has it. It is a switchboard, not
// a wall: the apps stay reachable by their own names, and every request is authenticated by its token wherever it came in.

@description('Name of the profile.')
@minLength(1)
@maxLength(46)
param name string

@description('Tags of every resource.')
param tags object

@description('The apps: {name, service, paths}; the paths of all of them overlap only where one is longer.')
@minLength(1)
@maxLength(10)
param apps array

@description('Log Analytics workspace that the access log is kept in.')
@minLength(1)
@maxLength(512)
param workspaceId string

resource profile 'Microsoft.Cdn/profiles@2024-09-01' = {
  name: name
  location: 'global'
  tags: tags
  sku: { name: 'Standard_AzureFrontDoor' }
  properties: { originResponseTimeoutSeconds: 60 }
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2024-09-01' = {
  parent: profile
  name: name
  location: 'global'
  tags: tags
  properties: { enabledState: 'Enabled' }
}

resource functionApp 'Microsoft.Web/sites@2025-03-01' existing = [
  for app in apps: {
    name: app.name
  }
]

resource group 'Microsoft.Cdn/profiles/originGroups@2024-09-01' = [
  for app in apps: {
    parent: profile
    name: app.service
    properties: {
      loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 3, additionalLatencyInMilliseconds: 50 }
      healthProbeSettings: {
        probePath: '/api/health'
        probeProtocol: 'Https'
        probeRequestType: 'GET'
        probeIntervalInSeconds: 100
      }
      sessionAffinityState: 'Disabled'
    }
  }
]

resource origin 'Microsoft.Cdn/profiles/originGroups/origins@2024-09-01' = [
  for (app, i) in apps: {
    parent: group[i]
    name: 'app'
    properties: {
      hostName: functionApp[i].properties.defaultHostName
      originHostHeader: functionApp[i].properties.defaultHostName
      httpPort: 80
      httpsPort: 443
      priority: 1
      weight: 1000
      enabledState: 'Enabled'
      enforceCertificateNameCheck: true
    }
  }
]

resource route 'Microsoft.Cdn/profiles/afdEndpoints/routes@2024-09-01' = [
  for (app, i) in apps: {
    parent: endpoint
    name: app.service
    properties: {
      originGroup: { id: group[i].id }
      patternsToMatch: app.paths
      supportedProtocols: ['Http', 'Https']
      httpsRedirect: 'Enabled'
      forwardingProtocol: 'HttpsOnly'
      linkToDefaultDomain: 'Enabled'
      enabledState: 'Enabled'
    }
    dependsOn: [origin[i]]
  }
]

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: profile
  name: 'access'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'FrontDoorAccessLog', enabled: true }
      { category: 'FrontDoorHealthProbeLog', enabled: true }
    ]
  }
}

@description('Where callers go.')
output url string = 'https://${endpoint.properties.hostName}'
