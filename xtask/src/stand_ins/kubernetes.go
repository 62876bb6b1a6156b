package kubernetes

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/config"

	"github.com/prometheus/prometheus/discovery"
)

type SDConfig struct {
	HTTPClientConfig config.HTTPClientConfig `yaml:",inline"`
}

func (*SDConfig) Name() string { return "kubernetes" }

func (*SDConfig) NewDiscovererMetrics(prometheus.Registerer, discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	return nil
}

func (*SDConfig) NewDiscoverer(discovery.DiscovererOptions) (discovery.Discoverer, error) {
	return nil, errors.New("discovery in Kubernetes is not built in")
}
