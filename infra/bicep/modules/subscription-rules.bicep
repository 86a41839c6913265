// Which events a subscription wants: a correlation filter per subject. The rule that lets everything through, which a
// new subscription has, goes when the first rule of ours comes; consumers pass over subjects that they do not know.
// A subject that is taken out of infra/topology.json leaves its rule behind until it is deleted by hand.

@description('Service Bus namespace.')
@minLength(6)
@maxLength(50)
param namespaceName string

@description('The topic.')
@minLength(1)
@maxLength(260)
param topicName string

@description('The subscription.')
@minLength(1)
@maxLength(50)
param subscriptionName string

@description('The subjects, each of which names its rule.')
@minLength(1)
@maxLength(100)
param subjects array

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: namespaceName
}

resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' existing = {
  parent: namespace
  name: topicName
}

resource subscription 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' existing = {
  parent: topic
  name: subscriptionName
}

@batchSize(1)
resource rule 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2024-01-01' = [
  for subject in subjects: {
    parent: subscription
    name: subject
    properties: {
      filterType: 'CorrelationFilter'
      correlationFilter: { label: subject }
    }
  }
]
